"""Image references: Docker's names, and the forms for local files (containers-transports(5)).

The grammar is that of distribution/reference; the short names are Docker Hub's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from converter.errors import UsageError
from converter.image.digest import is_digest

HUB = "docker.io"
_HUB_HOSTS = {HUB, "index.docker.io", "registry-1.docker.io"}
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::([0-9]{{1,5}}))?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MAX_NAME = 255


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry: tag, digest, or both (then the digest decides)."""

    registry: str  # host, with :port if any
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """As people write it: without docker.io and library."""
        name = str(self)
        if self.registry == HUB:
            name = name.removeprefix(f"{HUB}/").removeprefix("library/")
        return name

    @property
    def short_name(self) -> str:
        """Repository's last component and tag, for file names: ``redis-7``."""
        last = self.repository.rpartition("/")[2]
        return f"{last}-{self.tag}" if self.tag and self.tag != "latest" else last


@dataclass(frozen=True, slots=True)
class LocalReference:
    """A file or folder; `tag` picks one image in it."""

    path: Path
    tag: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.tag}" if self.tag else str(self.path)

    @property
    def short_name(self) -> str:
        """The file's name without its endings, for file names: ``app`` of app.oci.tar.gz."""
        name = self.path.resolve().name
        endings = (".gz", ".zst", ".xz", ".bz2", ".tgz", ".tar", ".oci", ".docker")
        while name.endswith(endings) and name.rpartition(".")[0]:
            name = name.rpartition(".")[0]
        return name or "image"


@dataclass(frozen=True, slots=True)
class DaemonReference:
    """An image of the local Docker engine; `name` is a reference or an image ID."""

    name: str

    def __str__(self) -> str:
        return f"docker-daemon:{self.name}"

    @property
    def short_name(self) -> str:
        return parse_registry_name(self.name).short_name


def parse(text: str) -> Reference | LocalReference | DaemonReference:
    """What the user named: a transport prefix decides, then an existing file, then it is a registry's.

    Errors: UsageError when it is none of them.
    """
    transport, colon, rest = text.partition(":")
    if colon and transport in ("oci", "oci-archive", "docker-archive"):
        return _local(rest, text)
    if colon and transport == "docker-daemon":
        if not rest:
            raise UsageError("an image name is missing", where=text, hint="write docker-daemon:NAME:TAG")
        return DaemonReference(rest)
    if colon and transport == "docker" and rest.startswith("//"):
        return parse_registry_name(rest[2:])
    if looks_local(text):
        return _local(text, text)
    return parse_registry_name(text)


def looks_local(text: str) -> bool:
    """Whether `text` is meant as a path: it exists, or can be nothing else."""
    if not text or "\0" in text:
        return False
    return text.startswith(("/", "./", "../", "~/")) or text in (".", "..") or Path(text).exists()


def _local(rest: str, text: str) -> LocalReference:
    """``PATH`` or ``PATH:TAG``; a path with a colon in it wins if it exists."""
    path = Path(rest).expanduser()
    if not rest or "\0" in rest:
        raise UsageError("a path is missing", where=text, hint="write for example oci-archive:image.tar")
    if path.exists():
        return LocalReference(path)
    before, colon, tag = rest.partition(":")
    if colon and tag and Path(before).expanduser().exists():
        return LocalReference(Path(before).expanduser(), tag)
    raise UsageError("there is no such file or folder", where=str(path), hint="check the path")


def parse_registry_name(text: str) -> Reference:
    """``[HOST[:PORT]/]NAME[:TAG][@DIGEST]``. Errors: UsageError naming the part that is wrong."""
    if "://" in text:
        raise _wrong(text, "this is a URL", "leave the part before the host out: HOST[:PORT]/NAME[:TAG]")
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _wrong(text, f"{digest!r} is no digest", "write sha256: and 64 hexadecimal digits (0-9, a-f)")
    head, slash, tail = rest.partition("/")
    # Docker's rule: a first component is a host when it could not be a Docker Hub user.
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        registry, rest = head, tail
    else:
        registry = HUB
    if not is_host(registry):
        raise _wrong(text, f"{registry!r} is no host", "write HOST or HOST:PORT before the first slash")
    name, colon, tag = rest.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _wrong(text, f"{tag!r} is no tag", "a tag has up to 128 letters, digits, and _ . - inside")
    registry = canonical(registry)
    if registry == HUB and name and "/" not in name:
        name = f"library/{name}"
    for component in name.split("/"):
        if not _COMPONENT.fullmatch(component):
            lower = component != component.lower()
            hint = (
                f"write {component.lower()!r}"
                if lower
                else "write for example redis:7 or ghcr.io/owner/app:1.2"
            )
            what = f"{component!r} is no repository name" + (": it must be in lower case" if lower else "")
            raise _wrong(text, what, hint)
    if len(name) > _MAX_NAME:
        raise _wrong(text, f"the repository name is longer than {_MAX_NAME} characters", "shorten it")
    return Reference(registry, name, tag or (None if at else "latest"), digest or None)


def same_image(asked: str, there: str) -> bool:
    """Whether `asked` means the image that an archive calls `there`: the same reference, or its tag alone."""
    if asked == there or asked == there.rpartition(":")[2]:
        return True
    try:
        wanted = parse_registry_name(asked)
        if wanted.digest is None and wanted.tag == there:
            return True
        return wanted == parse_registry_name(there)
    except UsageError:
        return False


def is_host(text: str) -> bool:
    """Whether it is HOST or HOST:PORT."""
    host = _HOST.fullmatch(text)
    return host is not None and int(host[1] or 1) in range(1, 65536)


def canonical(host: str) -> str:
    """The name of the registry at `host`: Docker's Hub has several."""
    return HUB if host in _HUB_HOSTS else host


def _wrong(text: str, what: str, hint: str) -> UsageError:
    return UsageError(what, where=f"image reference {text[:300]!r}", hint=hint)


def name_elsewhere(reference: str) -> str:
    """What travels says of an archive or folder of this host only its last name."""
    return reference.rstrip("/").rpartition("/")[2] if Path(reference).exists() else reference
