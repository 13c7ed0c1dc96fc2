"""A conversion whose result is no ELF file: where the unikernel is meanwhile, and what becomes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from converter.options import Options
from converter.output import default_name
from converter.report.comparison import ConversionReport
from converter.report.shipping import size_of


@dataclass(frozen=True, slots=True)
class Destination:
    """unikernel: where to convert to; final: what is left in the end."""

    unikernel: Path
    final: Path
    form: str
    cmdline: str
    force: bool

    def ship(self, told: ConversionReport) -> ConversionReport:
        """The report with what the user gets in place of the unikernel. Errors: as `export`."""
        if self.final == self.unikernel:
            return told
        from converter.formats.export import export

        export(self.unikernel, self.form, self.final, cmdline=self.cmdline, force=self.force)
        shipped = replace(told.unikernel, stored=size_of(self.final))
        return replace(told, file=str(self.final), unikernel=shipped)


@contextmanager
def destination(
    ref: str, output: Path | None, form: str, cmdline: str, options: Options, *, force: bool = False
) -> Iterator[Destination]:
    """For the image `ref`. Errors: UsageError (no such format, exists), OutputError; before any long work."""
    name = Path(default_name(ref))
    if form == "elf" and not cmdline:  # without loading the others: a copy is done at once
        path = output or name
        yield Destination(path, path, form, cmdline, force)
        return
    from converter.formats.catalogue import format_named
    from converter.formats.export import check_output, check_shipped, default_output

    kind = format_named(form)
    check_shipped(kind, options.target, options.platform.architecture, cmdline)
    final = output or default_output(name, kind)
    check_output(final, kind, force=force)
    stem = final.name.removesuffix(kind.suffix) if kind.suffix else final.name
    with tempfile.TemporaryDirectory(dir=final.resolve().parent, prefix=".u2k-") as folder:
        yield Destination(Path(folder) / f"{stem}.u2k", final, form, cmdline, force)
