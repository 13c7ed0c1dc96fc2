"""Programs that a shell script names, for images whose program is the shell itself.

Where reading could not tell what a script ends in, every word of it that is the name of a program in PATH may
be what it starts. That keeps more than is run, and misses only names that the script puts together.
"""

from __future__ import annotations

import re

from converter.analyze.program import Program
from converter.image.tree import FileKind, FileTree

_SHELLS = frozenset(b"sh bash dash ash ksh mksh zsh busybox rbash yash".split())
_WORD = re.compile(rb"[A-Za-z0-9_.+@/\[-]+")
_SCRIPT_MAX = 1 << 20  # bytes of a script that are looked at


def named_programs(tree: FileTree, program: Program) -> dict[bytes, str]:
    """Paths of executable files that the script or `-c` text of a shell names -> why; {} for other
    programs.
    """
    if program.executable.loaded.rpartition(b"/")[2] not in _SHELLS:
        return {}
    folders = program.environment.get(b"PATH", b"").split(b":")
    texts = [(b"its arguments", b" ".join(program.argv[1:]))]
    paths = [script.path for script in program.executable.scripts]
    paths += [word for word in program.argv[1:2] if not word.startswith(b"-")]  # sh SCRIPT
    for path in paths:
        found = tree.find(path, cwd=program.cwd)
        if found is not None and found[1].kind is FileKind.REGULAR:
            with tree.open(found[1]) as stream:
                texts.append((found[0], stream.read(_SCRIPT_MAX)))
    named: dict[bytes, str] = {}
    for source, text in texts:
        for word in sorted(set(_WORD.findall(text))):
            for path in (word,) if b"/" in word else (folder + b"/" + word for folder in folders):
                found = tree.find(path, cwd=program.cwd) if len(path) < 4096 else None
                if found is not None and found[1].kind is FileKind.REGULAR and found[1].mode & 0o111:
                    named.setdefault(found[0], f"named in {source.decode('utf-8', 'backslashreplace')}")
                    break
    return named
