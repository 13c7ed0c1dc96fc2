"""What a unikernel consists of, and what of the container it has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from converter.analyze.packages.model import Packages
from converter.convert import Conversion
from converter.image.tree import FileKind, FileTree
from converter.link.catalogue import syscall_numbers
from converter.link.composition import TABLE, TEXTS, bytes_by_part
from converter.link.kernel import Kernel
from converter.link.parts import all_parts
from converter.link.unikernel import Unikernel
from converter.report.container_calls import let_through
from converter.report.contents import packages_of
from converter.report.continuum.model import Cut, PackageSize, PartSize
from converter.rootfs.reason import totals

_USERS = 6  # parts that are named of those that need another
_GENERATED = {
    TABLE: "made for this program: which calls and parts it has",
    TEXTS: "words and tables that the linker has put together",
}


def part_sizes(kernel: Kernel) -> tuple[PartSize, ...]:
    """The parts of the library OS, the largest first."""
    sizes = bytes_by_part(kernel.map_file)
    known = {part.name: part for part in all_parts() if part.name in sizes}
    users: dict[str, list[str]] = {}
    for part in known.values():
        for name in part.needs:
            users.setdefault(name, []).append(part.name)
    found = []
    for name, size in sizes.items():
        why = kernel.choice.why.get(name) or (_GENERATED.get(name) or _for_others(users.get(name, ())),)
        found.append(PartSize(name, known[name].kind if name in known else "generated", size, tuple(why)))
    return tuple(sorted(found, key=lambda each: (-each.bytes, each.name)))


def _for_others(users: Collection[str]) -> str:
    """Of a part that nobody chose: the linker found that it is called."""
    if not users:
        return "every unikernel of this platform has it"
    shown = ", ".join(sorted(users)[:_USERS])
    return f"needed by {shown}" + (f" and {len(users) - _USERS} more" if len(users) > _USERS else "")


def package_sizes(root: FileTree, packages: Packages) -> tuple[PackageSize, ...]:
    """Whose the files of the root are, the largest first; a file of two packages is the first one's."""
    sizes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    seen: set[int] = set()
    for path, inode in root.walk():
        if inode.kind is not FileKind.REGULAR or id(inode) in seen:
            continue
        seen.add(id(inode))
        owners = packages.owners.get(path, ())
        name = owners[0].name if owners else ""
        sizes[name] += inode.size
        files[name] += 1
    found = (PackageSize(name, sizes[name], files[name]) for name in files)
    return tuple(sorted(found, key=lambda each: (-each.bytes, each.name)))


def sections(unikernel: Unikernel) -> tuple[tuple[str, int], ...]:
    """The unikernel file, in bytes: library OS, files of the image, and what is neither."""
    manifest = unikernel.manifest
    rest = unikernel.size - manifest.kernel_bytes - manifest.root_bytes
    return (
        ("library OS", manifest.kernel_bytes),
        ("files of the image", manifest.root_bytes),
        ("manifest, profile, symbols, alignment", rest),
    )


def cut(made: Conversion, root: FileTree, linked: Collection[str]) -> Cut:
    """What went: `root` and the `linked` calls are what is left."""
    image_tree, packages = made.profiled.reading.image_tree, made.packages
    left = {each.name for each in packages_of(root, packages)}
    had = sorted({each.name for each in packages_of(image_tree, packages)} - left)
    calls = let_through(syscall_numbers(made.kernel.machine)) - set(linked)
    return Cut(totals(made.slimmed.dropped), tuple(had), tuple(sorted(calls)))
