"""Runs that have a name: who looks after them, what is known of them, and how others speak to them."""
