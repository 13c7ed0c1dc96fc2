"""Before and after: what a container had and what its unikernel has."""
