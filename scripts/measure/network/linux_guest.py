"""A Linux guest for comparison: Debian's cloud kernel, an image as its initramfs, the program as init."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

from fixtures.host_program import closure

PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_net")
# busybox is this machine's, which is a Debian of the same release as the images.
_INIT = """#!/u2k/busybox sh
b=/u2k/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for m in {modules}; do $b insmod /u2k/$m; done
$b ip link set lo up
$b ip addr add {address}/24 dev eth0; $b ip link set eth0 up
$b mkdir -p /tmp /run /var/run
ulimit -n 65536
cd {cwd}
export {env}
exec {argv}
"""


def fetch_kernel(cache: Path) -> Path:
    """The unpacked kernel package, fetched by apt once."""
    target = cache / "linux-guest"
    if list(target.glob("boot/vmlinuz-*")):
        return target
    target.mkdir(parents=True, exist_ok=True)
    depends = subprocess.run(["apt-cache", "depends", PACKAGE], check=True, capture_output=True, text=True)
    name = next(line.split()[-1] for line in depends.stdout.splitlines() if "Depends:" in line)
    subprocess.run(["apt-get", "-q", "download", name], check=True, cwd=target, capture_output=True)
    (package,) = target.glob(f"{name}_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(target)], check=True)
    package.unlink()
    return target


def unpack_image(archive: Path, target: Path) -> Path:
    """The image's root file system in a folder: skopeo and umoci, as the corpus' own check does."""
    layout = target.with_suffix(".layout")
    subprocess.run(
        ["skopeo", "copy", "-q", f"oci-archive:{archive}", f"oci:{layout}:image"],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        ["umoci", "unpack", "--image", f"{layout}:image", str(target)], check=True, capture_output=True
    )
    return target / "rootfs"


def initramfs(
    kernel: Path, root: Path, out: Path, argv: list[str], env: Iterable[str], cwd: str, address: str
) -> Path:
    """An uncompressed newc archive of `root`, with what is needed to come to the program added."""
    own = root / "u2k"
    own.mkdir(exist_ok=True)
    files = _module_files(kernel)
    for file in (Path("/bin/busybox"), *files):
        (own / file.name).write_bytes(file.read_bytes())
    (own / "busybox").chmod(0o755)
    for library in closure(Path("/bin/busybox")):
        place = root / str(library).lstrip("/")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(library.read_bytes())
            place.chmod(0o755)
    for folder in ("proc", "sys", "dev"):
        (root / folder).mkdir(exist_ok=True)
    script = root / "init"
    script.unlink(missing_ok=True)
    script.write_text(
        _INIT.format(
            modules=" ".join(file.name for file in files),
            address=address,
            cwd=shlex.quote(cwd or "/"),
            env=" ".join(shlex.quote(entry) for entry in env) or "U2K=1",
            argv=shlex.join(argv),
        )
    )
    script.chmod(0o755)
    with out.open("wb") as stream:
        _write_newc(root, stream)
    return out


def _module_files(kernel: Path) -> list[Path]:
    """In the order in which they are to be loaded."""
    (folder,) = kernel.glob("lib/modules/*")
    by_name = {file.stem.replace("-", "_"): file for file in folder.rglob("*.ko")}
    order: list[Path] = []

    def add(name: str) -> None:
        file = by_name.get(name)
        if file is None or file in order:
            return
        # The .modinfo section: NAME=value strings (modinfo(8)).
        found = re.search(rb"\0depends=([^\0]*)\0", file.read_bytes())
        for other in found[1].decode().split(",") if found and found[1] else ():
            add(other.replace("-", "_"))
        order.append(file)

    for name in MODULES:
        add(name)
    return order


def _write_newc(root: Path, stream: object) -> None:
    """cpio's "new ASCII" format (initramfs buffer format, kernel documentation)."""
    write = stream.write  # type: ignore[attr-defined]

    def entry(name: str, mode: int, data: bytes, uid: int = 0, gid: int = 0, number: int = 0) -> None:
        encoded = name.encode() + b"\0"
        fields = (number, mode, uid, gid, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields)
        write(head + encoded + b"\0" * (-(len(head) + len(encoded)) % 4))
        write(data + b"\0" * (-len(data) % 4))

    number = 1
    for folder, folders, files in os.walk(root):
        for name in sorted([*folders, *files]):
            path = Path(folder, name)
            found = path.lstat()
            data = b""
            if path.is_symlink():
                data = str(path.readlink()).encode()
            elif path.is_file():
                data = path.read_bytes()
            elif not path.is_dir():
                continue
            number += 1
            entry(str(path.relative_to(root)), found.st_mode, data, found.st_uid, found.st_gid, number)
    entry("TRAILER!!!", 0, b"")
