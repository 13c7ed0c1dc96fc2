"""Linux-PAM: the modules of all services, since the service's name is the program's own choice (pam.d(5))."""

from __future__ import annotations

import re

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.surroundings import Surroundings
from converter.elf.linkmap import shown

_FOLDERS = (b"/etc/pam.d", b"/usr/lib/pam.d", b"/usr/share/pam.d")
_WORD = re.compile(rb"\[[^\]]*\]|\S+")
_MODULES = (b"/lib/*/security", b"/usr/lib/*/security", b"/lib/security", b"/lib64/security")


def read(around: Surroundings, _: str) -> Findings:
    """Lines are `type control module arguments`; in pam.conf the service comes before."""
    found = Findings()
    for path in [b"/etc/pam.conf", *(each for folder in _FOLDERS for each in around.folder(folder))]:
        text = around.configuration(path)
        if text is None:
            continue
        found.add_file(path, "PAM's configuration")
        for line in text.replace(b"\\\n", b" ").splitlines():
            words = _WORD.findall(line.partition(b"#")[0])
            for word in words[2:4]:
                if word.endswith(b".so"):
                    where = said_in(path, shown(word))
                    found.add_objects(_places(around, word), where)
    return found


def _places(around: Surroundings, module: bytes) -> list[bytes]:
    if module.startswith(b"/"):
        return [module]
    return around.paths.select(folder + b"/" + module for folder in _MODULES)
