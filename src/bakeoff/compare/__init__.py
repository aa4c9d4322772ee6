"""Comparing: the experiment, the statistics of the verdict, the leaderboard, the run folder."""
