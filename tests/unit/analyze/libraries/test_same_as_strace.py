"""Every shared object that real programs open on this machine is in their closure or found to be loadable.

What opens is seen by strace. The programs are the machine's own; those that are not installed are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from converter.analyze.libraries.fixpoint import close_libraries
from converter.analyze.program import find_program
from converter.image.model import ImageConfig
from converter.image.tree import FileTree
from tests.builders.calls import importing
from tests.builders.host import host_tree

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None or not Path("/lib/x86_64-linux-gnu").is_dir(),
    reason="needs strace and Debian for x86-64",
)

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+\.so[.0-9]*)"[^)]*\) = [0-9]')
_FOLDERS = (
    "/lib/x86_64-linux-gnu",
    "/lib64",
    "/etc",
    "/usr/lib/python3",
    "/usr/lib/python3.11",
    "/usr/lib/nginx",
    "/usr/lib/lighttpd",
    "/usr/lib/php",
    "/usr/lib/jvm",
    "/usr/lib/ssl",
    "/usr/lib/apache2",
    "/usr/share/nginx",
    "/usr/share/p11-kit",
)
_PYTHON = """
import bz2, ctypes, curses, dbm, decimal, hashlib, lzma, mmap, multiprocessing, readline, socket, sqlite3, ssl
import unicodedata, _asyncio, _elementtree, _json, _posixsubprocess, _queue, _struct, pyexpat, termios, zlib
ssl.create_default_context(); sqlite3.connect(":memory:"); socket.getaddrinfo("localhost", 80)
hashlib.new("sha256"); "x".encode("cp932"); "x".encode("big5")
"""
_NODE = (
    "require('crypto').createHash('sha256'); require('dns').lookup('localhost', () => {}); require('zlib')"
)
_COMMANDS = {
    "python3": ["-c", _PYTHON],
    "perl": [
        "-MEncode",
        "-MPOSIX",
        "-MSocket",
        "-MStorable",
        "-MTime::HiRes",
        "-MDigest::SHA",
        "-e",
        "getpwnam 'root'",
    ],
    "php": ["-r", "echo json_encode([extension_loaded('curl'), gethostbyname('localhost')]);"],
    "git": ["ls-remote", "https://127.0.0.1:1/x"],
    "curl": ["-k", "https://localhost:1/"],
    "openssl": ["list", "-providers", "-provider", "legacy", "-provider", "default"],
    "nginx": ["-t"],
    "apache2": ["-t"],
    "lighttpd": ["-tt", "-f", "/etc/lighttpd/lighttpd.conf"],
    "haproxy": ["-vv"],
    "memcached": ["-V"],
    "redis-server": ["--version"],
    "sqlite3": [":memory:", "select sqlite_version()"],
    "iconv": ["-f", "UTF-16", "-t", "EUC-JP", "/dev/null"],
    "getent": ["ahosts", "localhost"],
    "id": ["-un"],
    "ssh": ["-G", "localhost"],
    "tar": ["--version"],
    "node": ["-e", _NODE],
    "java": ["-version"],
    "lua5.4": ["-e", "pcall(require, 'socket')"],
    "ruby": ["-ropenssl", "-rjson", "-rsocket", "-e", "1"],
    "gpg": ["--version"],
    "bash": ["-c", "echo ~root"],
}


@pytest.fixture(scope="module")
def machine() -> FileTree:
    return host_tree(folder for folder in _FOLDERS if Path(folder).exists())


def opened(command: Sequence[str], log: Path) -> set[str]:
    """Real paths of the shared objects that the command's first process, and its threads, open."""
    trace = ["strace", "-f", "-qq", "-e", "trace=open,openat,execve", "-o", str(log)]
    subprocess.run([*trace, *command], env=_environment(), capture_output=True, timeout=120, check=False)
    found: set[str] = set()
    replaced: set[str] = set()
    for line in log.read_text(errors="replace").splitlines():
        process = line.split(maxsplit=1)[0]
        if " execve(" in line and found:  # a child, which becomes another program
            replaced.add(process)
        if process not in replaced and (match := _OPENED.search(line)):
            found.add(os.path.realpath(match[1]))
    return found


def _environment() -> dict[str, str]:
    return {"PATH": _PATH, "HOME": "/nonexistent", "LANG": "C.UTF-8"}


@pytest.mark.parametrize("name", _COMMANDS)
def test_programs_of_this_machine(name: str, machine: FileTree, tmp_path: Path) -> None:
    program = shutil.which(name, path=_PATH)
    if program is None:
        pytest.skip(f"{name} is not installed")
    command = [program, *_COMMANDS[name]]
    tree = machine.with_entries(dict(host_tree([program])))
    env = tuple(f"{key}={value}" for key, value in _environment().items())
    app = find_program(ImageConfig(architecture="amd64", os="linux", cmd=tuple(command), env=env), tree)
    closure = app.libraries(tree)
    runtime = close_libraries(tree, app, closure, importing(tree))
    known = {closure.program, *(each.real_path for each in closure.libraries)}
    known |= {each.path for each in runtime.objects}
    seen = opened(command, tmp_path / "log")
    assert seen, "strace saw nothing"
    assert sorted(seen - {os.fsdecode(path) for path in known}) == []
