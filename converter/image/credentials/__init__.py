"""Credentials of registries, as docker and podman keep them: looked up, saved and erased."""
