"""Writing a unikernel in a format: there whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from converter.errors import OutputError, UsageError
from converter.formats.catalogue import format_named
from converter.formats.shipment import Format, Shipment
from converter.link.manifest import read_manifest
from converter.output import check_target, not_written, umask


def default_output(unikernel: Path, kind: Format) -> Path:
    """In this folder, named after the unikernel: redis-7.u2k -> redis-7.qcow2, redis-7-firecracker."""
    stem = unikernel.name.removesuffix(".u2k")
    return Path(stem + (kind.suffix or f"-{kind.name}"))


def check_shipped(kind: Format, target: str, architecture: str, cmdline: str) -> None:
    """Before any long work: can a unikernel for these be shipped so? UsageError if not."""
    kind.check(target, architecture)
    if cmdline and not kind.cmdline:
        raise UsageError(
            f"{kind.name} has no place for a command line", where="--cmdline", hint="leave it away"
        )


def check_output(path: Path, kind: Format, *, force: bool) -> None:
    """Before any long work: may `path` be written? Errors: as `check_target`."""
    if kind.suffix or not path.is_dir():
        check_target(path, force=force)
    elif not force:
        raise UsageError(
            "this folder exists and is not overwritten",
            where=str(path),
            hint="choose another with -o, or add --force",
        )


def export(
    unikernel: Path, name: str, output: Path | None = None, *, cmdline: str = "", force: bool = False
) -> Path:
    """Write `unikernel` in the format `name`; where it is now.

    Errors: UsageError (no unikernel, no format, cannot be shipped so, exists), OutputError, ToolchainError.
    """
    kind = format_named(name)
    manifest = read_manifest(unikernel)
    path = output if output is not None else default_output(unikernel, kind)
    if path.exists() and path.resolve() == unikernel.resolve():
        raise UsageError(
            "a file cannot be exported to itself", where=str(path), hint="choose another with -o"
        )
    check_output(path, kind, force=force)
    check_shipped(kind, manifest.target, manifest.architecture, cmdline)
    what = Shipment(unikernel, manifest, unikernel.name.removesuffix(".u2k"), cmdline)
    final = path.resolve()
    try:
        with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name[:200]}.") as folder:
            made = Path(folder) / "made"
            kind.write(what, made)
            if made.is_dir():
                _put_folder(made, final)
            else:
                made.chmod(made.stat().st_mode & ~umask())
                made.replace(final)
    except OSError as error:
        raise not_written(error, path) from error
    return path


def _put_folder(made: Path, final: Path) -> None:
    """`made` becomes `final`. A folder that has anything else in it than what comes is not one of ours."""
    if final.is_dir():
        strange = sorted({each.name for each in final.iterdir()} - {each.name for each in made.iterdir()})
        if strange:
            raise OutputError(
                f"the folder has other things in it: {', '.join(strange[:3])}",
                where=str(final),
                hint="choose another with -o",
            )
        shutil.rmtree(final)
    made.replace(final)
