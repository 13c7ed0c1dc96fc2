"""The folder of what u2k can make again, and what goes when it holds too much."""
