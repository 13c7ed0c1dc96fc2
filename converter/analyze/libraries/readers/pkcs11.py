"""p11-kit: the PKCS #11 modules that are registered (pkcs11.conf(5))."""

from __future__ import annotations

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.surroundings import Surroundings

_FOLDERS = (b"/usr/share/p11-kit/modules", b"/etc/pkcs11/modules")
_MODULES = (b"/usr/lib/*/pkcs11", b"/usr/lib/pkcs11", b"/usr/lib64/pkcs11", b"/usr/local/lib/pkcs11")


def read(around: Surroundings, _: str) -> Findings:
    """The `module:` of each *.module file; relative ones count from p11-kit's module folder."""
    found = Findings()
    for path in (each for folder in _FOLDERS for each in around.folder(folder)):
        text = around.configuration(path) if path.endswith(b".module") else None
        if text is None:
            continue
        found.add_file(path, "a registered PKCS #11 module")
        for line in text.splitlines():
            key, colon, value = line.partition(b"#")[0].partition(b":")
            if colon and key.strip() == b"module":
                module = value.strip()
                places = [module] if module.startswith(b"/") else [each + b"/" + module for each in _MODULES]
                found.add_objects(around.paths.select(places) if module else (), said_in(path))
    return found
