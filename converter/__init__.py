"""u2k: stock Linux container images become unikernels."""

__version__ = "0.1.0"
