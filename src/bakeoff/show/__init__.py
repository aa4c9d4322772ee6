"""`bakeoff show` and `bakeoff models`: architectures laid out for a reader."""
