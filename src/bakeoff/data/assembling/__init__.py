"""From what was read to a dataset: one file for each kind of thing that a user can give."""
