"""Unikernels in registries: what is pushed and pulled, and what is said about it there."""
