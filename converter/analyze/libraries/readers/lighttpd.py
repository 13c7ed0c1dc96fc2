"""lighttpd: the modules of `server.modules`, and those that it adds by itself.

lighttpd's documentation of server.modules and server.compat-module-load: mod_indexfile, mod_dirlisting and
mod_staticfile come unasked, mod_auth with any mod_authn_*, a TLS module with ssl.engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import below, files_with_includes, option
from converter.analyze.libraries.surroundings import Surroundings

_COMMENT = re.compile(rb"#[^\n]*")
_MODULE = re.compile(rb'"(mod_\w+)"')
_INCLUDE = re.compile(rb'\binclude(_shell)?\s+"([^"]+)"')
_UNASKED = (b"mod_indexfile", b"mod_dirlisting", b"mod_staticfile")
_FOLDERS = (b"/usr/lib/lighttpd", b"/usr/lib/*/lighttpd", b"/usr/lib64/lighttpd", b"/usr/local/lib/lighttpd")


def read(around: Surroundings, _: str) -> Findings:
    """`include_shell` runs a program: what stands in conf-enabled is taken for its answer, as in Debian."""
    start = option(around.program.argv, b"-f") or b"/etc/lighttpd/lighttpd.conf"
    start = below(around.program.cwd, start)
    chosen = option(around.program.argv, b"-m")
    folders = (below(around.program.cwd, chosen),) if chosen else _FOLDERS

    def included(path: bytes, text: bytes) -> Iterable[bytes]:
        folder = path.rpartition(b"/")[0]
        for shell, name in _INCLUDE.findall(_COMMENT.sub(b"", text)):
            pattern = folder + b"/conf-enabled/*.conf" if shell else below(folder, name)
            yield from around.matching_files(pattern)

    found = Findings()
    modules = dict.fromkeys(_UNASKED, "lighttpd loads it unasked")
    for path, text in files_with_includes(around, [start], included, found, "lighttpd's configuration"):
        plain = _COMMENT.sub(b"", text)
        for name in _MODULE.findall(plain):
            modules.setdefault(name, said_in(path, "server.modules"))
            if name.startswith(b"mod_authn_"):
                modules.setdefault(b"mod_auth", said_in(path, "server.modules"))
        if b"ssl.engine" in plain:
            for name in (b"mod_openssl", b"mod_gnutls", b"mod_mbedtls", b"mod_nss", b"mod_wolfssl"):
                modules.setdefault(name, said_in(path, "ssl.engine"))
    for name, where in modules.items():
        found.add_objects(around.paths.select(each + b"/" + name + b".so" for each in folders), where)
    return found
