"""mkdir, rm, cp, mv, ln, touch and install: changes to the tree (XCU; coreutils)."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from converter.analyze.entrypoint.shell.commands.modes import changed_mode, owner
from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported, flags
from converter.analyze.entrypoint.shell.files import FileProblem, permits
from converter.analyze.entrypoint.shell.values import Status, to_bytes, to_text
from converter.image.tree import FileKind, Inode

_FOLDER = FileKind.DIRECTORY


def mkdir(process: Process) -> Status:
    options, operands = flags(
        process, process.known(), "pv", "m", long={"parents": "p", "mode": "m", "verbose": "v"}
    )
    status = 0
    for path in operands:
        try:
            make_folder(process, path, options.get("m"), parents="p" in options)
        except FileProblem as problem:
            process.complain(f"cannot create directory '{path}': {problem}")
            status = 1
    return status


def make_folder(process: Process, path: str, mode: str | None, *, parents: bool) -> None:
    """Raises FileProblem."""
    files = process.files
    mounted = files.mounted(path, process.cwd)
    if mounted is not None:
        if mounted.count(b"/") > 1:
            process.world.doubt(f"{process.where}: makes {path}")
        return
    found = files.resolve(path, process.cwd)
    if found is not None:
        if parents and found[1].kind is _FOLDER:
            return
        raise FileProblem("File exists")
    above = path.rstrip("/").rpartition("/")[0]
    if parents and above and files.resolve(above, process.cwd) is None:
        make_folder(process, above, None, parents=True)
    place = files.parent(path, process.cwd, process.user)
    bits = 0o777 & ~process.umask
    if mode is not None:
        bits = changed_mode(mode, Inode(_FOLDER, 0o777 & ~process.umask), process.umask)
    files.make(place, Inode(_FOLDER, bits, process.user.uid, process.user.gid))


def rmdir(process: Process) -> Status:
    _, operands = flags(process, process.known(), "")
    for path in operands:
        place, inode = process.need(path, follow=False)
        if inode.kind is not _FOLDER or process.files.children(place):
            process.complain(f"failed to remove '{path}'")
            return 1
        process.files.parent(path, process.cwd, process.user)
        process.files.put(place, None)
    return 0


def rm(process: Process) -> Status:
    options, operands = flags(
        process, process.known(), "rRfdv", long={"recursive": "r", "force": "f", "verbose": "v"}
    )
    status = 0
    for path in operands:
        if process.files.mounted(path, process.cwd) and not process.files.resolve(
            path, process.cwd, follow=False
        ):
            continue
        found = process.files.resolve(path, process.cwd, follow=False)
        if found is None:
            if "f" not in options:
                process.complain(f"cannot remove '{path}': No such file or directory")
                status = 1
            continue
        if found[1].kind is _FOLDER and not set(options) & {"r", "R"}:
            process.complain(f"cannot remove '{path}': Is a directory")
            status = 1
            continue
        remove(process, path, found[0])
    return status


def remove(process: Process, path: str, place: bytes) -> None:
    """A file, or a folder with all in it. Raises FileProblem."""
    process.files.parent(path, process.cwd, process.user)
    everything = [each for each, _ in process.files.walk(place)]
    for each in everything[1:]:
        folder = process.files.view[each.rpartition(b"/")[0] or b"/"]
        if not permits(folder, process.user, 2):
            raise FileProblem(f"cannot remove '{to_text(each)}': Permission denied")
    for each in reversed(everything):
        process.files.put(each, None)


def _targets(process: Process, operands: list[str], into: str | None) -> list[tuple[str, str]]:
    """(source, target) of cp, mv, ln and install."""
    if into is not None:
        return [(source, _inside(into, source)) for source in operands]
    if len(operands) < 2:
        raise FileProblem("missing file operand")
    *sources, last = operands
    found = process.find(last)
    if found is not None and found[1].kind is _FOLDER:
        return [(source, _inside(last, source)) for source in sources]
    if len(sources) > 1:
        raise FileProblem(f"target '{last}' is not a directory")
    return [(sources[0], last)]


def _inside(folder: str, source: str) -> str:
    return folder.rstrip("/") + "/" + source.rstrip("/").rpartition("/")[2]


def cp(process: Process) -> Status:
    long = {"recursive": "r", "archive": "a", "force": "f", "no-clobber": "n", "preserve": "p",
            "update": "u", "verbose": "v", "target-directory": "t", "no-dereference": "P",
            "no-target-directory": "T"}  # fmt: skip
    options, operands = flags(process, process.known(), "rRafnpTuvdPL", "t", long=long)
    if "u" in options:
        raise Unsupported("cp -u, which compares times")
    keeps = bool(set(options) & {"a", "p"})
    pairs = (
        [(operands[0], operands[1])]
        if "T" in options and len(operands) == 2
        else _targets(process, operands, options.get("t"))
    )
    status = 0
    for source, target in pairs:
        links = not set(options) & {"a", "d", "P"} or "L" in options
        found = process.need(source, follow=links and not set(options) & {"r", "R"})
        if found[1].kind is _FOLDER and not set(options) & {"r", "R", "a"}:
            process.complain(f"-r not specified; omitting directory '{source}'")
            status = 1
            continue
        if source.endswith("/."):
            target = target.removesuffix("/.")
        _copy(process, found[0], target, keeps=keeps, keep_old="n" in options)
    return status


def _copy(process: Process, source: bytes, target: str, *, keeps: bool, keep_old: bool) -> None:
    files, user = process.files, process.user
    names = dict(files.walk(source))
    for path, inode in names.items():
        if not permits(inode, user, 4) and inode.kind is not FileKind.SYMLINK:
            raise FileProblem(f"cannot open '{to_text(path)}' for reading: Permission denied")
        rest = to_text(path[len(source) :])
        to = target.rstrip("/") + rest if rest else target
        existing = process.find(to, follow=True)
        if existing is not None and (inode.kind is _FOLDER or keep_old):
            continue
        owned = inode if keeps and user.uid == 0 else replace(inode, uid=user.uid, gid=user.gid)
        if not keeps:
            owned = replace(owned, mode=owned.mode & 0o777 & ~process.umask, xattrs={})
        if existing is not None and inode.kind is FileKind.REGULAR:
            if not permits(existing[1], user, 2):
                raise FileProblem(f"cannot create regular file '{to}': Permission denied")
            base = existing[1] if not keeps else owned
            files.put(existing[0], replace(base, size=inode.size, spans=inode.spans))
            place = existing[0]
        else:
            place = files.parent(to, process.cwd, user)
            files.put(place, replace(owned, layer=-1))
        if path in files.unknown:
            files.unknown[place] = files.unknown[path]


def mv(process: Process) -> Status:
    options, operands = flags(
        process, process.known(), "fnvT", "t", long={"force": "f", "no-clobber": "n", "target-directory": "t"}
    )
    for source, target in _targets(process, operands, options.get("t")):
        place, inode = process.need(source, follow=False)
        files = process.files
        existing = process.find(target, follow=False)
        if existing is not None and "n" in options:
            continue
        files.parent(source, process.cwd, process.user)
        to = files.parent(target, process.cwd, process.user)
        if to == place or to.startswith(place + b"/"):
            raise FileProblem(f"cannot move '{source}' to '{target}'")
        if (
            existing is not None
            and existing[1].kind is _FOLDER
            and (inode.kind is not _FOLDER or files.children(to))
        ):
            raise FileProblem(f"cannot overwrite '{target}'")
        moved = [(each, old, files.unknown.get(each)) for each, old in files.walk(place)]
        for each, _, _ in reversed(moved):
            files.put(each, None)
        for each, old, unknown in moved:
            files.put(to + each[len(place) :], old)
            if unknown is not None:
                files.unknown[to + each[len(place) :]] = unknown
    return 0


def ln(process: Process) -> Status:
    long = {"symbolic": "s", "force": "f", "no-dereference": "n", "target-directory": "t", "relative": "r"}
    options, operands = flags(process, process.known(), "sfnvTr", "t", long=long)
    if "r" in options:
        raise Unsupported("ln -r")
    files = process.files
    if len(operands) == 1 and "t" not in options:
        operands = [*operands, _inside(".", operands[0])]
    last = process.find(operands[-1], follow="n" not in options and "T" not in options) if operands else None
    into = (
        operands.pop()
        if last is not None and last[1].kind is _FOLDER and "t" not in options
        else options.get("t")
    )
    for source, target in _targets(process, operands, into):
        existing = files.resolve(target, process.cwd, follow=False)
        if existing is not None and ("f" not in options or existing[1].kind is _FOLDER):
            process.complain(f"failed to create link '{target}': File exists")
            return 1
        place = files.parent(target, process.cwd, process.user)
        if existing is not None:
            files.put(place, None)
        if "s" in options:
            text = to_bytes(source)
            link = Inode(
                FileKind.SYMLINK, 0o777, process.user.uid, process.user.gid, size=len(text), target=text
            )
            files.make(place, link)
        else:
            files.alias(place, process.need(source, follow=False)[0])
    return 0


def touch(process: Process) -> Status:
    """Makes files that are missing; times of the others are left as the image has them."""
    options, operands = flags(
        process, process.known(), "acm", "rtd", long={"no-create": "c", "reference": "r", "date": "d"}
    )
    for path in operands:
        if process.find(path) is None and "c" not in options:
            process.files.write(path, process.cwd, process.user, "", umask=process.umask)
    return 0


def truncate(process: Process) -> Status:
    options, operands = flags(process, process.known(), "c", "s", long={"size": "s"})
    if options.get("s") != "0":
        raise Unsupported("truncate to a size")
    for path in operands:
        process.files.write(path, process.cwd, process.user, "", umask=process.umask)
    return 0


def install(process: Process) -> Status:
    long = {
        "directory": "d",
        "mode": "m",
        "owner": "o",
        "group": "g",
        "verbose": "v",
        "target-directory": "t",
    }
    options, operands = flags(process, process.known(), "dDv", "mogt", long=long)
    mode = options.get("m", "755")
    who = owner(process, options.get("o", "") + (":" + options["g"] if "g" in options else ""))
    if "d" in options:
        places = []
        for path in operands:
            make_folder(process, path, None, parents=True)
            places.append(path)
    else:
        pairs = _targets(process, operands, options.get("t"))
        for source, target in pairs:
            if "D" in options and posixpath.dirname(target):
                make_folder(process, posixpath.dirname(target), None, parents=True)
            _copy(process, process.need(source)[0], target, keeps=False, keep_old=False)
        places = [target for _, target in pairs]
    for path in places:
        place, inode = process.need(path)
        uid, gid = (inode.uid if who[0] is None else who[0]), (inode.gid if who[1] is None else who[1])
        process.files.put(
            place, replace(inode, mode=changed_mode(mode, inode, process.umask), uid=uid, gid=gid)
        )
    return 0
