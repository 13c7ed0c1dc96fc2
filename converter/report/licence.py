"""Licence names of package databases as SPDX licence expressions, where that is certain."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Short names of DEP 5 (Debian's copyright format 1.0, 7.1) whose meaning is one SPDX identifier.
_DEBIAN = {
    "apache-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0",
    "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "boost": "BSL-1.0",
    "bsl-1.0": "BSL-1.0",
    "cc0-1.0": "CC0-1.0",
    "cddl-1.0": "CDDL-1.0",
    "curl": "curl",
    "expat": "MIT",
    "isc": "ISC",
    "mit": "MIT",
    "mpl-1.1": "MPL-1.1",
    "mpl-2.0": "MPL-2.0",
    "openldap-2.8": "OLDAP-2.8",
    "openssl": "OpenSSL",
    "postgresql": "PostgreSQL",
    "psf-2": "PSF-2.0",
    "public-domain": "",
    "unicode": "Unicode-DFS-2016",
    "vim": "Vim",
    "zlib": "Zlib",
}
_GNU = re.compile(r"(a|l)?gpl-(1|2|2\.0|2\.1|3|3\.0)(\+|-only|-or-later)?")
_FREE_DOCUMENTATION = re.compile(r"gfdl-(1\.[123])(\+)?")
_KNOWN = frozenset(_DEBIAN.values()) - {""}


def spdx_expression(names: Sequence[str]) -> str | None:
    """All the names joined by AND, or None when one of them is not known for certain."""
    found = []
    for name in names:
        if (identifier := _identifier(name.strip())) is None:
            return None
        found.append(identifier)
    return " AND ".join(sorted(set(found))) or None


def _identifier(name: str) -> str | None:
    if name in _KNOWN:
        return name
    lower = name.lower()
    if gnu := _GNU.fullmatch(lower):
        version = gnu[2] if "." in gnu[2] else gnu[2] + ".0"
        later = gnu[3] in ("+", "-or-later")
        return f"{(gnu[1] or '').upper()}GPL-{version}-{'or-later' if later else 'only'}"
    if document := _FREE_DOCUMENTATION.fullmatch(lower):
        return f"GFDL-{document[1]}-{'or-later' if document[2] else 'only'}"
    return _DEBIAN.get(lower) or None
