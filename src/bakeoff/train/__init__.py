"""Training: the recipe, the plan of fits, the worker processes, weights on disk."""
