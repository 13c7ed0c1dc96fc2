"""requests without the package by which it guesses encodings: a tenth of a conversion from the cache.

Nothing here reads text of an unknown encoding. A requests that insists on the package gets it (before 2.32).
"""

from __future__ import annotations

import sys
import warnings

_GUESSER = "charset_normalizer"


def load_requests() -> None:
    """Import requests for all modules that import it afterwards."""
    if "requests" in sys.modules or _GUESSER in sys.modules:
        return
    sys.modules[_GUESSER] = None  # type: ignore[assignment]  # an import of it fails: importlib's documentation
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is not there
            __import__("requests")
    except ImportError:
        sys.modules.pop("requests", None)
    finally:
        del sys.modules[_GUESSER]
