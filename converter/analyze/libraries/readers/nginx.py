"""nginx: the modules that `load_module` lines name (ngx_core_module in nginx's documentation).

The prefix and the place of the configuration are those of `nginx -V`, texts in the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import below, files_with_includes, option
from converter.analyze.libraries.surroundings import Surroundings

_COMMENT = re.compile(rb"#[^\n]*")
_DIRECTIVE = rb"""(?:^|[;{}\s])%s\s+["']?([^;"'\s]+)["']?\s*;"""
_LOAD, _INCLUDE = re.compile(_DIRECTIVE % b"load_module"), re.compile(_DIRECTIVE % b"include")


def read(around: Surroundings, _: str) -> Findings:
    """Modules count from the prefix, included files from the folder of the configuration."""
    argv = around.program.argv
    text = around.contents(around.program.executable.loaded_real_path)
    prefix = option(argv, b"-p") or _built_in(text, b"prefix") or b"/usr/local/nginx"
    start = option(argv, b"-c") or _built_in(text, b"conf-path") or b"conf/nginx.conf"
    start = below(prefix, start)
    folder = start.rpartition(b"/")[0]

    def included(_: bytes, text: bytes) -> Iterable[bytes]:
        for name in _INCLUDE.findall(_COMMENT.sub(b"", text)):
            yield from around.matching_files(below(folder, name))

    found = Findings()
    for path, text in files_with_includes(around, [start], included, found, "nginx's configuration"):
        for name in _LOAD.findall(_COMMENT.sub(b"", text)):
            found.objects.setdefault(below(prefix, name), said_in(path, "load_module"))
    for name in _LOAD.findall((option(argv, b"-g") or b"") + b";"):
        found.objects.setdefault(below(prefix, name), "load_module in the argument -g")
    return found


def _built_in(text: bytes, name: bytes) -> bytes | None:
    match = re.search(rb"--%s=(/[^\s\0']{0,4096})" % name, text)
    return match[1] if match is not None else None
