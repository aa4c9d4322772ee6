"""Before training: what is asked becomes an experiment, and an experiment a plan."""
