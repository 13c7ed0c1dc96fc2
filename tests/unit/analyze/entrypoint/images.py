"""Small images for entrypoint tests: shells, launchers and servers that are ELF files in name only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converter.analyze.entrypoint import Resolution, resolve
from converter.image.model import ImageConfig
from converter.image.tree import FileTree, Inode
from tests.builders.elves import EXEC, elf
from tests.builders.trees import directory, program, regular, symlink, tree_of

NOTHING = elf(kind=EXEC, entry=0x400040, dynamic=False)
PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:\nredis:x:999:998::/var/redis:\n"
GROUP = b"root:x:0:\napp:x:1000:\nredis:x:998:\nextra:x:50:redis\n"
PROGRAMS = (
    "dash bash server worker initdb erlexec gosu su-exec setpriv chroot tini dumb-init env nice stdbuf "
    "mkdir chown chmod rm cp mv ln touch cat sed tr cut grep id find sort date hostname sleep "
    "basename envsubst su"
).split()


def image(entries: Mapping[str, Inode | str], **fields: object) -> tuple[ImageConfig, FileTree]:
    """Text stands for a script (0755)."""
    everything: dict[str, Inode] = {f"/bin/{name}": program(NOTHING) for name in PROGRAMS}
    everything["/usr/libexec/coreutils/libstdbuf.so"] = program(NOTHING)
    everything |= {"/bin/sh": symlink(b"dash"), "/data": directory(), "/tmp": directory(0o1777)}
    everything |= {"/etc/passwd": regular(PASSWD), "/etc/group": regular(GROUP)}
    for path, entry in entries.items():
        everything[path] = program(entry.encode()) if isinstance(entry, str) else entry
    config = ImageConfig(**{"architecture": "amd64", "os": "linux", "env": ("PATH=/bin",), **fields})
    return config, tree_of(everything)


def resolved(
    script: str,
    cmd: Sequence[str] = ("server",),
    shell: str = "/bin/sh",
    files: Mapping[str, Inode | str] | None = None,
    **fields: object,
) -> Resolution:
    """The resolution of an image whose ENTRYPOINT is `script`."""
    entries = {"/entry.sh": f"#!{shell}\n{script}", **(files or {})}
    config, tree = image(entries, entrypoint=("/entry.sh",), cmd=tuple(cmd), **fields)
    return resolve(config, tree)
