"""Registries: where one is reached and trusted, how requests to it are authorised, and pulling from it."""
