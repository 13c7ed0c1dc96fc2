"""Knowing by watching: the program runs in a sandbox, or in a tracing unikernel, and what it uses is kept."""
