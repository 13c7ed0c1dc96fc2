"""Path name expansion over the image's tree (XCU 2.13.3)."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.files import permits
from converter.analyze.entrypoint.shell.pattern import has_pattern, matches, unescaped
from converter.analyze.entrypoint.shell.state import Shell
from converter.image.tree import FileKind

_MAX_FOUND = 10_000


def pathnames(shell: Shell, pattern: str) -> list[str]:
    """The paths that `pattern` matches, in byte order; its quoted parts are escaped with backslashes."""
    if shell.world.files.mounted(unescaped(pattern.partition("*")[0]) or ".", shell.cwd):
        raise shell.undecided(f"the files that {unescaped(pattern)} matches are not in the image")
    parts = pattern.split("/")
    found = ["/"] if pattern.startswith("/") else [""]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "":
            if last and number:
                found = [path + "/" for path in found if _is_directory(shell, path)]
            continue
        found = _matching(shell, found, part, last)
        if len(found) > _MAX_FOUND:
            raise shell.undecided(f"a pattern that matches more than {_MAX_FOUND} files")
    return sorted(path for path in found if path)


def _is_directory(shell: Shell, path: str) -> bool:
    where = shell.world.files.resolve(path, shell.cwd)
    return where is not None and where[1].kind is FileKind.DIRECTORY


def _matching(shell: Shell, folders: list[str], part: str, last: bool) -> list[str]:
    files = shell.world.files
    extended = "extglob" in shell.options
    result: list[str] = []
    for folder in folders:
        prefix = folder + ("/" if folder and not folder.endswith("/") else "")
        if not has_pattern(part):
            path = prefix + unescaped(part)
            if files.resolve(path, shell.cwd, follow=not last) is not None:
                result.append(path)
            continue
        where = files.resolve(folder or ".", shell.cwd)
        if where is None or where[1].kind is not FileKind.DIRECTORY or not permits(where[1], shell.user, 4):
            continue
        hidden = unescaped(part).startswith(".") or "dotglob" in shell.options
        names = files.children(where[0])
        if part.startswith(".") and not shell.bash:
            names = [".", "..", *names]
        result += [
            prefix + name
            for name in names
            if (hidden or not name.startswith(".")) and matches(part, name, extended=extended)
        ]
    return result
