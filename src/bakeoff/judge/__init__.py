"""After training: who wins, by how much, and what would change it."""
