"""Where everything in an EROFS image lies, decided before a byte is written.

Order: superblock and packed inodes, directory and long symlink blocks, file data in path order. Each file
starts on a block, so that its pages can be mapped in place; only directories and symlinks have inlined tails.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree, Inode
from converter.rootfs import ondisk
from converter.rootfs.directory import DirectoryPlan
from converter.rootfs.ondisk import BLOCK_SIZE, COMPACT_SIZE, EXTENDED_SIZE, SLOT_SIZE

ROOT_LIMIT = 2_000_000_000  # bytes: QEMU refuses to load an ELF segment beyond 2,000 MB
_FIRST_NID_OFFSET = ondisk.SUPER_OFFSET + ondisk.SUPER_SIZE
_Time = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Extent:
    """The bytes of one regular file, at `offset` of the image, which is a multiple of the block size."""

    offset: int
    inode: Inode
    path: bytes


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """A planned image: `head` is metadata and directories; `extents` follow it, ascending, zeros between."""

    head: bytes
    extents: tuple[Extent, ...]
    size: int  # bytes, whole blocks
    paths: int
    inodes: int
    dropped_xattrs: tuple[tuple[bytes, str], ...]  # (path, name): no Linux namespace, no EROFS encoding


@dataclass(slots=True)
class _Node:
    """One inode under way from tree to image."""

    path: bytes
    inode: Inode
    nlink: int = 1
    xattrs: bytes = b""
    directory: DirectoryPlan[_Node] | None = None
    offset: int = 0  # of the inode in the image, bytes
    inline: bool = False
    block: int = 0

    @property
    def length(self) -> int:
        if self.directory is not None:
            return self.directory.size
        if self.inode.kind is FileKind.SYMLINK:
            return len(self.inode.target)
        return self.inode.size if self.inode.kind is FileKind.REGULAR else 0

    @property
    def nid(self) -> int:
        return self.offset // SLOT_SIZE


def plan(tree: FileTree, *, limit: int = ROOT_LIMIT) -> ImageLayout:
    """Lay out the whole tree. Raises IncompatibleImageError for what EROFS or the size limit cannot hold."""
    nodes, paths, dropped = _collect(tree)
    build_time = _common_time(nodes)
    end = _place_inodes(nodes, build_time)
    next_block = -(-end // BLOCK_SIZE)
    for wanted in (False, True):  # directories and symlinks first, regular files last
        for node in nodes:
            if (node.inode.kind is FileKind.REGULAR) is wanted:
                blocks = node.length // BLOCK_SIZE if node.inline else -(-node.length // BLOCK_SIZE)
                node.block = next_block if blocks else 0
                next_block += blocks
        if not wanted:
            head_blocks = next_block
    size = next_block * BLOCK_SIZE
    if size > limit:
        raise IncompatibleImageError(
            f"the root takes {size / 1e6:,.0f} MB, a unikernel holds {limit / 1e6:,.0f} MB at most",
            hint="use a slimmer image, or move large data to a volume",
        )
    head = _render(nodes, head_blocks * BLOCK_SIZE, next_block, build_time)
    extents = tuple(
        Extent(node.block * BLOCK_SIZE, node.inode, node.path)
        for node in nodes
        if node.inode.kind is FileKind.REGULAR and node.length
    )
    return ImageLayout(head, extents, size, paths, len(nodes), dropped)


def _collect(tree: FileTree) -> tuple[list[_Node], int, tuple[tuple[bytes, str], ...]]:
    """Nodes in path order, the root first; one for all hard links of an inode."""
    nodes: list[_Node] = []
    linked: dict[int, _Node] = {}  # by id(inode); the nodes keep the inodes alive
    directories: dict[bytes, tuple[_Node, _Node, list[tuple[bytes, _Node]]]] = {}
    dropped: list[tuple[bytes, str]] = []
    paths = 0
    for path, inode in tree.walk():
        paths += 1
        is_directory = inode.kind is FileKind.DIRECTORY
        node = None if is_directory else linked.get(id(inode))
        if node is not None:
            node.nlink += 1
        else:
            node = _Node(path, inode)
            nodes.append(node)
            if inode.xattrs:
                dropped += [(path, name) for name in inode.xattrs if ondisk.xattr_index(name) is None]
            _check(node)
            if not is_directory:
                linked[id(inode)] = node
        if path == b"/":
            directories[path] = (node, node, [])
        else:
            parent_path, _, name = path.rpartition(b"/")
            parent, _, children = directories[parent_path or b"/"]
            if len(name) > ondisk.NAME_MAX:
                raise _refused(path, f"a file name of {len(name)} bytes is too long (255 at most)")
            children.append((name, node))
            if is_directory:
                parent.nlink += 1
                directories[path] = (node, parent, [])
    for node, parent, children in directories.values():
        node.nlink += 1
        node.directory = DirectoryPlan.of([(b".", node), (b"..", parent), *children])
    return nodes, paths, tuple(dropped)


def _check(node: _Node) -> None:
    inode = node.inode
    try:
        if inode.xattrs:
            node.xattrs = ondisk.xattr_body(inode.xattrs)
        ondisk.encode_device(*inode.rdev)
    except ValueError as error:
        raise _refused(node.path, str(error)) from error
    if not (0 <= inode.uid < 1 << 32 and 0 <= inode.gid < 1 << 32):
        raise _refused(node.path, f"owner {inode.uid}:{inode.gid} is out of range")
    if inode.kind is FileKind.SYMLINK and not 0 < len(inode.target) < BLOCK_SIZE:
        raise _refused(node.path, f"a symlink target of {len(inode.target)} bytes is not possible on Linux")
    if not (-(1 << 63) <= inode.mtime < 1 << 63 and 0 <= inode.mtime_nsec < 1_000_000_000):
        raise _refused(node.path, "its modification time is out of range")


def _refused(path: bytes, what: str) -> IncompatibleImageError:
    return IncompatibleImageError(
        what, where=path.decode("utf-8", "backslashreplace"), hint="rebuild the image without this file"
    )


def _fits_compact(node: _Node) -> bool:
    inode = node.inode
    return inode.uid < 1 << 16 and inode.gid < 1 << 16 and node.nlink < 1 << 16 and node.length < 1 << 32


def _common_time(nodes: list[_Node]) -> _Time:
    """The most frequent mtime, for the superblock: compact inodes have no time of their own."""
    times = Counter((node.inode.mtime, node.inode.mtime_nsec) for node in nodes if node.inode.mtime >= 0)
    return min(times, key=lambda time: (-times[time], time)) if times else (0, 0)


def _core_size(node: _Node, build_time: _Time) -> int:
    same_time = (node.inode.mtime, node.inode.mtime_nsec) == build_time
    return COMPACT_SIZE if same_time and _fits_compact(node) else EXTENDED_SIZE


def _place_inodes(nodes: list[_Node], build_time: _Time) -> int:
    """Give each inode its offset, the root first (root_nid has 16 bits); returns the end in bytes.

    No inode crosses a block, and a tail is inlined only where inode, xattrs and tail share one block.
    """
    cursor = _FIRST_NID_OFFSET
    for node in nodes:
        core = _core_size(node, build_time)
        tail = node.length % BLOCK_SIZE if node.inode.kind is not FileKind.REGULAR else 0
        total = core + len(node.xattrs) + tail
        node.inline = bool(tail) and total <= BLOCK_SIZE
        whole = total if node.inline else core
        if cursor % BLOCK_SIZE + whole > BLOCK_SIZE:
            cursor += -cursor % BLOCK_SIZE
        node.offset = cursor
        cursor += whole if node.inline else core + len(node.xattrs)
        cursor += -cursor % SLOT_SIZE
    return cursor


def _render(nodes: list[_Node], head_size: int, blocks: int, build_time: _Time) -> bytes:
    """Superblock, inodes, xattrs, directories and symlinks as bytes."""
    head = bytearray(head_size)
    for ino, node in enumerate(nodes, 1):
        record = _inode_record(node, ino, build_time) + node.xattrs
        head[node.offset : node.offset + len(record)] = record
        if node.inode.kind is FileKind.SYMLINK:
            content = node.inode.target
        elif node.directory is not None:
            content = node.directory.render(lambda child: (child.nid, ondisk.FILE_TYPE[child.inode.kind]))
        else:
            continue
        split = len(content) - len(content) % BLOCK_SIZE if node.inline else len(content)
        head[node.block * BLOCK_SIZE : node.block * BLOCK_SIZE + split] = content[:split]
        tail = node.offset + len(record)
        head[tail : tail + len(content) - split] = content[split:]
    # The UUID tells images apart and must not depend on the clock: version 8 (RFC 9562 section 5.8).
    uuid = bytearray(hashlib.sha256(head).digest()[:16])
    uuid[6], uuid[8] = uuid[6] & 0x0F | 0x80, uuid[8] & 0x3F | 0x80
    head[ondisk.SUPER_OFFSET : _FIRST_NID_OFFSET] = ondisk.pack_super(
        root_nid=nodes[0].nid,
        inodes=len(nodes),
        build_time=build_time[0],
        build_nsec=build_time[1],
        blocks=blocks,
        uuid=bytes(uuid),
    )
    ondisk.seal_super(head)
    return bytes(head)


def _inode_record(node: _Node, ino: int, build_time: _Time) -> bytes:
    inode = node.inode
    layout = ondisk.Layout.FLAT_INLINE if node.inline else ondisk.Layout.FLAT_PLAIN
    is_device = inode.kind in (FileKind.CHARACTER, FileKind.BLOCK)
    union = ondisk.encode_device(*inode.rdev) if is_device else node.block
    icount, mode = ondisk.xattr_count(node.xattrs), inode.kind.value | inode.mode
    common = (layout, icount, mode, node.nlink, node.length, union, ino, inode.uid, inode.gid)
    if _core_size(node, build_time) == COMPACT_SIZE:
        return ondisk.pack_compact(*common)
    return ondisk.pack_extended(*common, inode.mtime, inode.mtime_nsec)
