"""What users say about registries: mirrors, other locations, what is insecure or blocked, whom to trust.

Our registries.toml and podman's registries.conf have one form: containers-registries.conf(5), version 2. Ours
may also have `ca`, `client-cert` and `client-key`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.errors import UsageError

_LIMIT = 1 << 20  # bytes of a file
_WHEN = ("all", "digest-only", "tag-only")


@dataclass(frozen=True, slots=True)
class Location:
    """Where images are: HOST[:PORT][/NAMESPACE], behind ``http://`` or ``https://`` if that is said.

    insecure: TLS without a known certificate, and plain HTTP, will do; None: not said
    when:     of mirrors: which references they serve: all, digest-only, tag-only
    """

    place: str
    insecure: bool | None = None
    authorities: tuple[Path, ...] = ()
    identity: tuple[Path, Path] | None = None
    when: str = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for images whose names begin with `prefix`; `file`: where it is said."""

    prefix: str
    location: Location
    mirrors: tuple[Location, ...]
    blocked: bool
    file: str

    def fits(self, name: str) -> bool:
        """Whether `name` (HOST[:PORT]/REPOSITORY) begins with it, by components; ``*.HOST``: any below."""
        if self.prefix.startswith("*."):
            host = name.partition("/")[0].partition(":")[0]
            return host.endswith(self.prefix[1:])
        return f"{name}/".startswith(f"{self.prefix}/")

    def rest(self, name: str) -> str:
        """What of `name` comes behind the prefix; with ``*.HOST`` the repository."""
        return name.partition("/")[2] if self.prefix.startswith("*.") else name[len(self.prefix) + 1 :]


def rule_for(name: str) -> Rule | None:
    """The rule with the longest prefix; of equal ones, the first file's. UsageError for senseless files."""
    fitting = [rule for path in settings_files() for rule in read_rules(path) if rule.fits(name)]
    return max(fitting, key=lambda rule: len(rule.prefix), default=None)


def settings_files() -> Iterator[Path]:
    """Those that exist: ours (or the one that $U2K_REGISTRIES names), then podman's."""
    home = Path.home() / ".config"
    own = os.environ.get("XDG_CONFIG_HOME", "")
    config = Path(own) if Path(own).is_absolute() else home
    if named := os.environ.get("U2K_REGISTRIES"):
        if not Path(named).is_file():
            raise UsageError("there is no such file", where=f"U2K_REGISTRIES={named}", hint="check the path")
        yield Path(named)
    else:
        yield from _existing(config / "u2k/registries.toml", Path("/etc/u2k/registries.toml"))
    if named := os.environ.get("CONTAINERS_REGISTRIES_CONF"):
        yield from _existing(Path(named))
        return
    for folder in (config / "containers", Path("/etc/containers")):
        # A drop-in file that comes later has more to say.
        yield from sorted((folder / "registries.conf.d").glob("*.conf"), reverse=True)
        yield from _existing(folder / "registries.conf")


def _existing(*paths: Path) -> Iterator[Path]:
    yield from (path for path in paths if path.is_file())


def read_rules(path: Path) -> list[Rule]:
    """The file's rules. Errors: UsageError for what is no such file."""
    import tomllib  # takes 15 ms, and mostly there is no file

    try:
        with path.open("rb") as file:
            told = tomllib.loads(file.read(_LIMIT).decode())
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=str(path), hint="make it readable for you"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"no TOML: {error}", where=str(path), hint="mend it") from error
    return [_rule(entry, path) for entry in _tables(told, "registry", path)]


def _rule(entry: Mapping[str, Any], path: Path) -> Rule:
    location = _text(entry, "location", path)
    prefix = _text(entry, "prefix", path) or location
    if not prefix:
        raise _wrong(path, "a [[registry]] has neither prefix nor location")
    if prefix.startswith("*.") and location:
        raise _wrong(path, f"{prefix}: a prefix for many hosts cannot have one location")
    mirrors = tuple(_location(each, path, mirror=True) for each in _tables(entry, "mirror", path))
    blocked = _flag(entry, "blocked", path) or False
    if _flag(entry, "mirror-by-digest-only", path):
        mirrors = tuple(
            Location(each.place, each.insecure, each.authorities, each.identity, "digest-only")
            for each in mirrors
        )
    return Rule(prefix.rstrip("/"), _location(entry, path, mirror=False), mirrors, blocked, str(path))


def _location(entry: Mapping[str, Any], path: Path, *, mirror: bool) -> Location:
    place = _text(entry, "location", path)
    if mirror and not place:
        raise _wrong(path, "a [[registry.mirror]] has no location")
    when = _text(entry, "pull-from-mirror", path) or "all"
    if when not in _WHEN:
        raise _wrong(path, f"pull-from-mirror = {when!r} is none of: {', '.join(_WHEN)}")
    ca, certificate, key = (_text(entry, name, path) for name in ("ca", "client-cert", "client-key"))
    if bool(certificate) != bool(key):
        raise _wrong(path, "client-cert and client-key go together")
    beside = path.parent  # what paths in it are relative to
    return Location(
        place.rstrip("/"),
        _flag(entry, "insecure", path),
        (beside / Path(ca).expanduser(),) if ca else (),
        (beside / Path(certificate).expanduser(), beside / Path(key).expanduser()) if key else None,
        when,
    )


def _tables(table: Mapping[str, Any], key: str, path: Path) -> list[Mapping[str, Any]]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _wrong(path, f"{key} is no list of tables")
    return found


def _text(table: Mapping[str, Any], key: str, path: Path) -> str:
    found = table.get(key, "")
    if not isinstance(found, str):
        raise _wrong(path, f"{key} = {str(found)[:60]} is no string")
    return found


def _flag(table: Mapping[str, Any], key: str, path: Path) -> bool | None:
    found = table.get(key)
    if found is not None and not isinstance(found, bool):
        raise _wrong(path, f"{key} = {str(found)[:60]!r} is neither true nor false")
    return found


def _wrong(path: Path, what: str) -> UsageError:
    return UsageError(what, where=str(path), hint="docs/reference/registries.md says what can be in it")
