"""glibc's name service switch: which modules a database is looked up with.

nsswitch.conf(5); glibc nss/nss_database.c (defaults), nss/nss_module.c (libnss_NAME.so.2). Since 2.34 `files`
and `dns` are in libc itself (NEWS for 2.34); before, each was a library like the others.
"""

from __future__ import annotations

import re

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.surroundings import Surroundings

_PATH = b"/etc/nsswitch.conf"
_ACTION = re.compile(rb"\[[^\]]*\]")
_BUILT_IN_SINCE = b"GLIBC_2.34"
_DEFAULTS = {"hosts": b"dns files", "networks": b"dns files", "services": b"files", "initgroups": b""}
_OLD_DEFAULT = b"compat nis files"  # before 2.34, where nothing is configured


def read(around: Surroundings, database: str) -> Findings:
    """The modules of one database. `compat` looks its own modules up under DATABASE_compat."""
    found = Findings()
    text = around.configuration(_PATH)
    if text is not None:
        found.add_file(_PATH, f"the order for {database}")
    lines = _lines(text or b"")
    library = around.loaded("libc.so.6")
    defined = library.elf.dynamic.verdef if library is not None and library.elf.dynamic is not None else ()
    built_in = {b"files", b"dns"} if _BUILT_IN_SINCE in defined else set()
    default = _DEFAULTS.get(database, b"files" if built_in else _OLD_DEFAULT)
    services = lines.get(database.encode(), default).split()
    if b"compat" in services:
        services += lines.get(database.encode() + b"_compat", b"nis").split()
    for service in dict.fromkeys(services):
        if service not in built_in and b"/" not in service:
            said = f"{database}: {service.decode('utf-8', 'backslashreplace')}"
            found.objects[b"libnss_%s.so.2" % service] = said_in(_PATH, said)
    return found


def _lines(text: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in text.splitlines():
        database, colon, services = line.partition(b"#")[0].partition(b":")
        if colon:
            found.setdefault(database.strip(), _ACTION.sub(b" ", services))
    return found
