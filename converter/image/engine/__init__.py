"""Container engines with docker's API: where they are, and images out of them."""

from converter.image.engine.client import engine_client, engine_version
from converter.image.engine.saved import engine_with, open_from_engine

__all__ = ["engine_client", "engine_version", "engine_with", "open_from_engine"]
