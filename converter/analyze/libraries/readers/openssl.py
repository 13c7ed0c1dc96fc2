"""OpenSSL: providers and engines, by its configuration and by name.

config(5ssl); OPENSSLDIR, MODULESDIR and ENGINESDIR are what `openssl version -a` prints, texts in libcrypto.
"""

from __future__ import annotations

import re

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.named import named
from converter.analyze.libraries.surroundings import Surroundings

_BUILT_IN = (b"default", b"base", b"null")
_INCLUDES_MAX = 64
_SECTION = re.compile(rb"\[\s*([^\]\s]+)\s*\]")
_INCLUDE = re.compile(rb"\.include\s*=?\s*(\S+)")

Sections = dict[bytes, dict[bytes, bytes]]


def read(around: Surroundings, what: str) -> Findings:
    """`configured`: what openssl.cnf activates; `providers`, `engines`: those of their folder that are named.

    An id that a program passes to OSSL_PROVIDER_load or ENGINE_by_id comes from its own text, its arguments,
    the environment, or a configuration file (`ssl_engine`, `--engine`): one in none of them is not asked for.
    """
    found = Findings()
    library = around.loaded("libcrypto.so*")
    if library is None:
        return found
    text = around.contents(library.real_path)
    if what == "configured":
        _configured(around, text, found)
    else:
        folder = _providers_folder(around, text) if what == "providers" else _engines_folder(around, text)
        modules = {_id(path): path for path in around.folder(folder) if path.endswith(b".so")}
        for name, where in named(around, modules, besides=library.real_path).items():
            found.objects[modules[name]] = where
    return found


def _configured(around: Surroundings, text: bytes, found: Findings) -> None:
    path = around.program.environment.get(b"OPENSSL_CONF") or _built_in(text, b"OPENSSLDIR") + b"/openssl.cnf"
    sections = _sections(around, path, found)
    start = sections.get(b"", {}).get(b"openssl_conf", b"openssl_init")
    top = sections.get(start, {})
    for name, section in sections.get(top.get(b"providers", b""), {}).items():
        settings = sections.get(section, {})
        if name in _BUILT_IN:
            continue
        module = settings.get(b"module", name + b".so")
        folder = _providers_folder(around, text)
        found.objects[_below(folder, module)] = said_in(path, f"provider {name.decode(errors='replace')}")
    for name, section in sections.get(top.get(b"engines", b""), {}).items():
        settings = sections.get(section, {})
        module = settings.get(b"dynamic_path", settings.get(b"engine_id", name) + b".so")
        folder = _engines_folder(around, text)
        found.objects[_below(folder, module)] = said_in(path, f"engine {name.decode(errors='replace')}")


def _providers_folder(around: Surroundings, text: bytes) -> bytes:
    return around.program.environment.get(b"OPENSSL_MODULES") or _built_in(text, b"MODULESDIR")


def _engines_folder(around: Surroundings, text: bytes) -> bytes:
    return around.program.environment.get(b"OPENSSL_ENGINES") or _built_in(text, b"ENGINESDIR")


def _below(folder: bytes, module: bytes) -> bytes:
    return module if module.startswith(b"/") else folder + b"/" + module


def _id(path: bytes) -> bytes:
    return path.rpartition(b"/")[2].removesuffix(b".so").removeprefix(b"lib")


def _built_in(text: bytes, name: bytes) -> bytes:
    match = re.search(re.escape(name) + rb': "(/[^"\0]{0,4096})"', text)
    return match[1] if match is not None else b"/usr/lib/ssl"


def _sections(around: Surroundings, path: bytes, found: Findings) -> Sections:
    """Names and values by section; `.include` of files and folders is followed."""
    sections: Sections = {}
    todo, seen = [path], set[bytes]()
    section = b""
    while todo and len(seen) < _INCLUDES_MAX:
        at = todo.pop()
        text = around.configuration(at) if at not in seen else None
        seen.add(at)
        if text is None:
            continue
        found.add_file(at, "OpenSSL's configuration")
        for line in text.replace(b"\\\n", b"").splitlines():
            line = line.partition(b"#")[0].strip()
            if match := _SECTION.match(line):
                section = match[1]
            elif match := _INCLUDE.match(line):
                below = [each for each in around.folder(match[1]) if each.endswith((b".cnf", b".conf"))]
                todo += reversed(below or [match[1]])
            elif b"=" in line:
                name, _, value = line.partition(b"=")
                sections.setdefault(section, {})[name.strip()] = value.strip().strip(b"\"'")
    return sections
