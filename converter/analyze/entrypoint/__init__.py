"""The program that runs in the end, found by reading the image's entrypoint script."""

from converter.analyze.entrypoint.resolution import Resolution, resolve

__all__ = ["Resolution", "resolve"]
