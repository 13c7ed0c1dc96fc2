"""What a conversion can be told."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from converter.image.platform import Platform
from converter.image.reference import looks_local

TARGETS = ("vm", "process")
Form = Literal["default", "strict", "full"]
FILES = ("slim", "strict", "all")
ROOTS = ("auto", "memory", "disk")


@dataclass(frozen=True, slots=True)
class Options:
    """With the image's digest, the profiles and the version of u2k these decide the output's bytes.

    entrypoint, args, env: as with `docker run`: instead of ENTRYPOINT and CMD, added to ENV
    program:           argument vector to run instead of what the entrypoint leads to, or None
    form:              which evidence chooses: default (all), strict (what was seen), full (everything is in)
    add_syscalls:      system calls that are in whatever the evidence says
    add_parts:         parts of the library OS that are in
    drop:              system calls and parts that are not
    files:             what the root image keeps: slim, strict, all
    root:              where a machine has the root image: memory, disk, auto (by its size)
    keep:              globs of paths that it keeps in any case
    allow_unsupported: convert what needs something that is not there yet
    adapt:             programs get their own single-process option (analyze/data/adaptations.toml)
    """

    platform: Platform = field(default_factory=Platform)
    target: str = "vm"
    source: str = "auto"
    entrypoint: tuple[str, ...] | None = None
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    program: tuple[str, ...] | None = None
    form: Form = "default"
    add_syscalls: tuple[str, ...] = ()
    add_parts: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    files: str = "slim"
    root: str = "auto"
    keep: tuple[str, ...] = ()
    allow_unsupported: bool = False
    adapt: bool = True

    def words(self) -> list[str]:
        """What of the command line of `u2k convert` says the same; what is as by default is not said."""
        plain = Options()
        single = {
            "--platform": "" if self.platform == plain.platform else str(self.platform),
            "--target": "" if self.target == plain.target else self.target,
            "--source": "" if self.source == plain.source else _anywhere(self.source),
        }
        several = {
            "-e": self.env,
            "--entrypoint": self.entrypoint or (),
            "--args": (shlex.join(self.args),) if self.args else (),
            "--program": () if self.program is None else (shlex.join(self.program),),
            "--add-syscall": self.add_syscalls,
            "--add-part": self.add_parts,
            "--drop": self.drop,
            "--files": () if self.files == plain.files else (self.files,),
            "--root": () if self.root == plain.root else (self.root,),
            "--keep": self.keep,
        }
        said = [word for option, value in single.items() if value for word in (option, value)]
        said += [word for option, values in several.items() for value in values for word in (option, value)]
        flags = {
            f"--{self.form}": self.form != plain.form,
            "--allow-unsupported": self.allow_unsupported,
            "--no-adapt": not self.adapt,
        }
        return [*said, *(flag for flag, given in flags.items() if given)]

    def recorded(self) -> dict[str, str]:
        """The ones that were changed, for the manifest; where the image came from decides nothing."""
        told = {
            "entrypoint": shlex.join(self.entrypoint or ()),
            "args": shlex.join(self.args),
            "env": shlex.join(self.env),
            "program": shlex.join(self.program or ()),
            "form": self.form if self.form != "default" else "",
            "add-syscall": " ".join(self.add_syscalls),
            "add-part": " ".join(self.add_parts),
            "drop": " ".join(self.drop),
            "files": self.files if self.files != "slim" else "",
            "root": self.root if self.root != "auto" else "",
            "keep": shlex.join(self.keep),
            "allow-unsupported": "yes" if self.allow_unsupported else "",
            "no-adapt": "" if self.adapt else "yes",
        }
        return {name: value for name, value in told.items() if value}


def _anywhere(source: str) -> str:
    """A file's path as it holds in every folder; a word as it is."""
    return str(Path(source).expanduser().absolute()) if looks_local(source) else source
