"""u2k: stock Linux container images become unikernels.

>>> import converter
>>> made = converter.convert("app.tar")
>>> converter.run(str(made.file), how=converter.RunOptions(on="process"))
0

docs/reference/python.md has all names. They are loaded when they are used: importing this costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converter.api import convert, profile, run
    from converter.conversion_cache.conversion import Converted
    from converter.conversion_cache.documents import Documents
    from converter.errors import (
        IncompatibleImageError,
        OutputError,
        RunError,
        SourceError,
        ToolchainError,
        U2kError,
        UsageError,
    )
    from converter.image.platform import Platform
    from converter.options import Options
    from converter.profile.model import Profile
    from converter.profile.reading import read_profile
    from converter.profiling import Profiled
    from converter.run.network.plan import NetworkOptions
    from converter.running import RunOptions
    from converter.trace.request import TraceRequest, parse_probe

__version__ = "0.1.0"
__all__ = [
    "Converted",
    "Documents",
    "IncompatibleImageError",
    "NetworkOptions",
    "Options",
    "OutputError",
    "Platform",
    "Profile",
    "Profiled",
    "RunError",
    "RunOptions",
    "SourceError",
    "ToolchainError",
    "TraceRequest",
    "U2kError",
    "UsageError",
    "__version__",
    "convert",
    "parse_probe",
    "profile",
    "read_profile",
    "run",
]
_HOMES = {
    "Converted": "conversion_cache.conversion",
    "Documents": "conversion_cache.documents",
    "NetworkOptions": "run.network.plan",
    "Options": "options",
    "Platform": "image.platform",
    "Profile": "profile.model",
    "Profiled": "profiling",
    "RunOptions": "running",
    "TraceRequest": "trace.request",
    "parse_probe": "trace.request",
    "read_profile": "profile.reading",
}


def __getattr__(name: str) -> Any:
    """PEP 562: a name of the face, from where it is at home."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _verb(name: str) -> property:
    def found(package: ModuleType) -> Any:
        return getattr(importlib.import_module(f"{__name__}.api"), name)

    def ignored(package: ModuleType, module: ModuleType) -> None:
        """Importing a submodule sets it as the package's attribute (importlib); imports do not read that."""

    return property(found, ignored)


class _Package(ModuleType):
    """The verbs are called as folders and modules here are, and mean the functions all the same."""

    convert = _verb("convert")
    profile = _verb("profile")
    run = _verb("run")


if not TYPE_CHECKING:
    sys.modules[__name__].__class__ = _Package
