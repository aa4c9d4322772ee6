"""Delivering: what a user does with the winner."""
