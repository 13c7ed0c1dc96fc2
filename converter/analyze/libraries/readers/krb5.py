"""MIT Kerberos: plug-ins that krb5.conf names, and GSS-API mechanisms.

krb5.conf(5), [plugins]; the mechanism files: MIT Kerberos documentation, "Mechanism glue" (/etc/gss/mech).
"""

from __future__ import annotations

from collections.abc import Iterable

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import files_with_includes
from converter.analyze.libraries.surroundings import Surroundings

_PLUGINS = (b"/usr/lib/*/krb5/plugins/*", b"/usr/lib/krb5/plugins/*", b"/usr/lib64/krb5/plugins/*")
_MECHANISMS = (b"/usr/lib/*/gss", b"/usr/lib/gss", b"/usr/lib64/gss")


def read(around: Surroundings, what: str) -> Findings:
    """`plugins`: of krb5.conf; `mechanisms`: of /etc/gss/mech and mech.d."""
    return _mechanisms(around) if what == "mechanisms" else _plugins(around)


def _plugins(around: Surroundings) -> Findings:
    """`module = NAME:PATH` lines; `include` and `includedir` are followed."""

    def included(_: bytes, text: bytes) -> Iterable[bytes]:
        for line in text.splitlines():
            words = line.split()
            if words[:1] == [b"include"] and len(words) > 1:
                yield words[1]
            elif words[:1] == [b"includedir"] and len(words) > 1:
                yield from around.folder(words[1])

    found = Findings()
    start = around.program.environment.get(b"KRB5_CONFIG", b"/etc/krb5.conf").split(b":")
    for path, text in files_with_includes(around, start, included, found, "the configuration of Kerberos"):
        for line in text.splitlines():
            words = line.split()
            if words[:2] == [b"module", b"="] and len(words) > 2:
                _add(around, found, path, words[2].partition(b":")[2], _PLUGINS)
    return found


def _mechanisms(around: Surroundings) -> Findings:
    """Lines are `name oid path [kernel module] [<options>]`."""
    found = Findings()
    for path in [b"/etc/gss/mech", *around.folder(b"/etc/gss/mech.d")]:
        text = around.configuration(path)
        if text is None:
            continue
        found.add_file(path, "the mechanisms of GSS-API")
        for line in text.splitlines():
            words = line.partition(b"#")[0].split()
            if len(words) > 2:
                _add(around, found, path, words[2], _MECHANISMS)
    return found


def _add(
    around: Surroundings, found: Findings, path: bytes, module: bytes, folders: tuple[bytes, ...]
) -> None:
    if module:
        places = [module] if module.startswith(b"/") else [each + b"/" + module for each in folders]
        found.add_objects(around.paths.select(places), said_in(path))
