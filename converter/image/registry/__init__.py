"""Registries: where one is reached and trusted, how requests to it are authorised, and pulling from it."""

from converter.image.registry.no_guessing import load_requests

load_requests()
