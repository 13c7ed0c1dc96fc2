"""Run the program of an OCI archive on this Linux, as the truth that a unikernel is held against.

Unpacked by skopeo and umoci, run by chroot in mount, pid, network, uts and ipc namespaces of its own, with
the environment, user and working folder that docker would give it, below an init process as with `docker
run --init`. Needs root. Nothing of u2k is used here: the two sides must not share a mistake.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave. A death by signal n is status 128 + n."""

    stdout: bytes
    stderr: bytes
    status: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """An unpacked image: its root folder, never written to, and its OCI `config` object."""

    root: Path
    config: Mapping[str, Any]


def missing() -> str | None:
    """Why nothing can be run natively here, or None."""
    if os.geteuid() != 0:
        return "a native run needs root (chroot, namespaces, owners)"
    absent = [tool for tool in ("skopeo", "umoci", "unshare", "mount") if shutil.which(tool) is None]
    return f"a native run needs {', '.join(absent)} (apt-get install)" if absent else None


def unpack(archive: Path, folder: Path) -> Bundle:
    """Unpack into `folder`, which must not have an unpacked image yet."""
    layout = f"{folder / 'layout'}:image"
    source = f"oci-archive:{archive}"
    # umoci 0.4.7 knows no zstd layers.
    gzip = ("--dest-compress-format", "gzip")
    _quiet("skopeo", "--insecure-policy", "copy", "--quiet", *gzip, source, f"oci:{layout}")
    _quiet("umoci", "unpack", "--image", layout, str(folder / "bundle"))
    shown = subprocess.run(
        ["skopeo", "inspect", "--config", f"oci:{layout}"], check=True, capture_output=True, text=True
    )
    return Bundle(folder / "bundle" / "rootfs", json.loads(shown.stdout).get("config") or {})


def run(
    bundle: Bundle,
    args: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 120,
) -> Result:
    """Run the image's program; `args` None means its CMD, `stdin` None means nothing to read."""
    spec = specification(bundle, args, env)
    with tempfile.TemporaryDirectory(prefix="u2k-native-") as folder:
        held = Path(folder) / "spec.json"
        held.write_text(json.dumps(spec | {"work": folder}))
        command = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child"]
        command += [sys.executable, __file__, str(held)]
        done = subprocess.run(command, input=stdin or b"", capture_output=True, timeout=timeout, check=False)
    return Result(done.stdout, done.stderr, done.returncode)


def specification(
    bundle: Bundle, args: Sequence[str] | None = None, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """How docker would start the image, for `lay_out` and `become`, which run in other processes (JSON)."""
    config = bundle.config
    uid, gid, groups, home = _identity(bundle.root, config.get("User") or "0")
    environment = {"PATH": PATH, "HOSTNAME": "u2k"}
    environment.update(item.split("=", 1) for item in config.get("Env") or [])
    environment.update(env or {})
    environment.setdefault("HOME", home)
    return {
        "root": str(bundle.root),
        "argv": [*(config.get("Entrypoint") or []), *((config.get("Cmd") or []) if args is None else args)],
        "env": environment,
        "uid": uid,
        "gid": gid,
        "groups": groups,
        "cwd": config.get("WorkingDir") or "/",
        "folders": ["/proc", "/sys", "/dev", *(config.get("Volumes") or {})],
    }


def _quiet(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _identity(root: Path, user: str) -> tuple[int, int, list[int], str]:
    """uid, gid, groups and home of USER `name|uid[:group|gid]`, as docker reads it."""
    name, _, group = user.partition(":")
    account = _line(root, "passwd", name)
    uid = int(account[2]) if account else int(name)
    gid, home = (int(account[3]), account[5]) if account else (0, "/")
    if group:
        named = _line(root, "group", group)
        return uid, int(named[2]) if named else int(group), [], home
    listed = [fields for fields in _lines(root, "group") if account and account[0] in fields[3].split(",")]
    return uid, gid, [int(fields[2]) for fields in listed], home


def _lines(root: Path, name: str) -> list[list[str]]:
    path = root / "etc" / name
    text = path.read_text() if path.is_file() else ""
    return [line.split(":") for line in text.splitlines() if line.count(":") >= 3]


def _line(root: Path, name: str, wanted: str) -> list[str] | None:
    found = [fields for fields in _lines(root, name) if wanted in (fields[0], fields[2])]
    return found[0] if found else None


def _inside(spec: Mapping[str, Any]) -> int:
    """The first process of the new namespaces: lay out the root, start the program, wait for it."""
    enter(spec, lay_out(spec))
    child = os.fork()
    if child == 0:
        become(spec)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def lay_out(spec: Mapping[str, Any]) -> Path:
    """In a mount namespace of its own: the root that the program gets, below the folder `spec["work"]`."""
    work, root = Path(spec["work"]), Path(spec["work"]) / "root"
    _quiet("mount", "--make-rprivate", "/")
    _quiet("mount", "-t", "tmpfs", "tmpfs", str(work))
    for name in ("upper", "overlay", "root"):
        (work / name).mkdir()
    layers = f"lowerdir={spec['root']},upperdir={work / 'upper'},workdir={work / 'overlay'}"
    _quiet("mount", "-t", "overlay", "overlay", "-o", layers, str(root))
    for folder in spec["folders"]:
        (root / folder.strip("/")).mkdir(parents=True, exist_ok=True)
    _quiet("mount", "-t", "proc", "proc", str(root / "proc"))
    _quiet("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "dev"))
    for name in DEVICES:
        (root / "dev" / name).touch()
        _quiet("mount", "--bind", f"/dev/{name}", str(root / "dev" / name))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    (root / "dev" / "fd").symlink_to("/proc/self/fd")
    (root / "dev" / "shm").mkdir()
    (root / "dev" / "shm").chmod(0o1777)
    Path("/proc/sys/kernel/hostname").write_text("u2k")
    return root


def enter(spec: Mapping[str, Any], root: Path) -> None:
    """Make `root` this process's root, and be where the program starts."""
    os.chroot(root)
    Path(spec["cwd"]).mkdir(parents=True, exist_ok=True)
    os.chdir(spec["cwd"])
    os.umask(0o022)


def become(spec: Mapping[str, Any]) -> None:
    """Turn this process into the program; it has the root and the working folder already."""
    for stream in range(3):  # as runc does, so that /dev/stdout can be opened by USER
        if not stat.S_ISCHR(os.fstat(stream).st_mode):
            os.fchown(stream, spec["uid"], -1)
    os.setgroups([spec["gid"], *spec["groups"]])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])
    try:
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
    except OSError as error:
        os.write(2, f"{spec['argv'][0]}: {error}\n".encode())
        os._exit(126 if isinstance(error, PermissionError) else 127)


if __name__ == "__main__":
    sys.exit(_inside(json.loads(Path(sys.argv[1]).read_text())))
