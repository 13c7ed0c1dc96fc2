"""Links and folders of a slim root: those that lead to what is kept, and those that programs expect."""

from __future__ import annotations

from collections.abc import Collection, Iterable, MutableMapping

from converter.image.tree import FileKind, FileTree
from converter.rootfs.reason import Reason

# FHS 3.0, chapters 3 to 5, as far as programs write there or look whether it is there; and Linux's own three.
STANDARD = frozenset(
    b"""
    / /bin /dev /dev/pts /dev/shm /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /run/lock /sbin
    /srv /sys /tmp /usr /usr/bin /usr/lib /usr/local /usr/local/bin /usr/sbin /usr/share /var /var/cache
    /var/empty /var/lib /var/lock /var/log /var/mail /var/opt /var/run /var/spool /var/spool/mail /var/tmp
    """.split()
)

Verdicts = MutableMapping[bytes, Reason | None]


class Skeleton:
    """Settles the verdicts of links and folders, once those of all files are known.

    `needed` are canonical paths that stay; `folders` any names of folders that stay; `owned` folders that
    belong to packages in use, which stay although nothing is left in them.
    """

    def __init__(
        self,
        tree: FileTree,
        verdicts: Verdicts,
        needed: Collection[bytes],
        folders: Iterable[bytes],
        owned: Collection[bytes],
    ) -> None:
        self._tree = tree
        self._verdicts = verdicts
        self._needed = needed
        self._owned = owned
        self._used: set[bytes] = set()
        self._waiting: dict[bytes, list[bytes]] = {}  # target -> links that stay if it does
        self._ways: dict[bytes, list[bytes]] = {}
        self._expected = [*STANDARD, *folders]

    def settle(self) -> None:
        """Change the verdicts in place. Linear in paths, however links and folders depend on each other."""
        links = [path for path, inode in self._tree.walk() if inode.kind is FileKind.SYMLINK]
        for link in links:
            self._await(link)
        for path in self._expected:
            self._expect(path)
        for path, inode in self._tree.walk():
            if inode.kind is FileKind.DIRECTORY:
                if path in self._needed or self._stays_empty(path):
                    self._keep(path)
            elif self._verdicts[path] is None and (
                inode.kind is not FileKind.SYMLINK or path not in self._ways or path in self._needed
            ):
                self._keep(path)
        for link in links:
            if link in self._ways and link not in self._used:
                known = self._verdicts[link]
                self._verdicts[link] = Reason.LINK if known in (None, Reason.PACKAGE) else known
        for path, inode in self._tree.walk():
            if inode.kind is FileKind.DIRECTORY:
                used = path in self._used
                self._verdicts[path] = None if used else self._verdicts[path] or Reason.FOLDER

    def _await(self, link: bytes) -> None:
        """Let a link wait for its target; one that leads nowhere in the image has its verdict already."""
        way: list[bytes] = []
        end = self._tree.find(link, links=way)
        verdict = self._verdicts[link]
        if end is None or link in self._needed:
            return
        self._ways[link] = way
        if verdict in (None, Reason.PACKAGE) or (verdict is Reason.UNTOUCHED and link in STANDARD):
            self._waiting.setdefault(end[0], []).append(link)

    def _expect(self, path: bytes) -> None:
        found = self._tree.find(path)
        if found is not None and found[1].kind is FileKind.DIRECTORY:
            self._keep(found[0])

    def _stays_empty(self, path: bytes) -> bool:
        if self._verdicts[path] is not None:
            return False
        return path in self._owned or not self._tree.children(path)

    def _keep(self, path: bytes) -> None:
        """A path stays: so do its folder, the links that wait for it, and those that it leads over."""
        todo = [path]
        while todo:
            at = todo.pop()
            if at in self._used:
                continue
            self._used.add(at)
            self._verdicts[at] = None
            todo += self._waiting.pop(at, ())
            todo += self._ways.get(at, ())
            todo.append(at.rpartition(b"/")[0] or b"/")
            inode = self._tree[at]
            if inode.kind is FileKind.SYMLINK and b"/../" in inode.target:
                todo += self._passed(at, inode.target)

    def _passed(self, link: bytes, target: bytes) -> list[bytes]:
        """The folders that a target goes through and leaves again by `..`; the kernel wants them there."""
        found = []
        parts = target.split(b"/")
        for count in range(1, len(parts)):
            if parts[count] == b"..":
                folder = link.rpartition(b"/")[0] or b"/"
                end = self._tree.find(b"/".join(parts[:count]) or b"/", cwd=folder)
                if end is not None:
                    found.append(end[0])
        return found
