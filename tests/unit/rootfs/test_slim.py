"""What a slim root keeps and leaves out, rule by rule, on a small Debian made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

from converter.analyze.packages.database import read_packages
from converter.analyze.program import find_program
from converter.image.model import ImageConfig
from converter.image.tree import FileKind, FileTree, Inode
from converter.profile.model import Evidence, Profile, Subject, Unresolved
from converter.rootfs.needs import needs_of
from converter.rootfs.reason import Reason, topmost, totals
from converter.rootfs.slim import Files, Slimmed, slim
from tests.builders.elves import EXEC, elf
from tests.builders.trees import directory, program, regular, symlink, tree_of

LOADER = b"/lib64/ld-linux-x86-64.so.2"


def dynamic(*needed: bytes) -> bytes:
    return elf(interpreter=LOADER, needed=needed, entry=0x40)


STATIC = elf(kind=EXEC, entry=0x400040, dynamic=False)
LIBRARY = elf(soname=b"x")

# Package -> (its other control fields, its files). Folders have no contents.
PACKAGES: dict[str, tuple[str, dict[str, Inode]]] = {
    "libc6": (
        "",
        {
            "/usr/lib64/ld-linux-x86-64.so.2": program(elf()),
            "/usr/lib/libc.so.6": regular(LIBRARY),
            "/usr/lib/libunused.so.1": regular(LIBRARY),
            "/usr/lib/gconv/LATIN1.so": regular(LIBRARY),
            "/usr/lib/gconv/gconv-modules.cache": regular(b"cache"),
            "/usr/share/doc/libc6/copyright": regular(b"GPL"),
        },
    ),
    "db": (
        "Depends: libc6, db-common | other, coreutils, debconf\nRecommends: words, tools",
        {
            "/usr/bin/db": program(dynamic(b"libc.so.6")),
            "/usr/bin/db-script": program(b"#!/bin/sh\n"),
            "/usr/bin/db-tool": program(STATIC),
            "/usr/lib/libdb.a": regular(b"!<arch>\n"),
            "/usr/share/db/messages": regular(b"m" * 10),
            "/etc/db.conf": regular(b"conf"),
            "/etc/init.d/db": program(b"#!/bin/sh\n"),
            "/var/lib/db": directory(0o700, uid=5),
            "/usr/share/man/man1/db.1": regular(b"man"),
        },
    ),
    "db-common": ("Depends: db-deep", {"/usr/share/db-common/rules": regular(b"r")}),
    "db-deep": ("", {"/usr/share/db-deep/rules": regular(b"r")}),
    "words": ("", {"/usr/share/words/list": regular(b"w")}),
    "tools": ("", {"/usr/bin/tool": program(STATIC), "/usr/share/tools/data": regular(b"t")}),
    "coreutils": (
        "Essential: yes",
        {"/usr/bin/ls": program(STATIC), "/usr/share/coreutils/x": regular(b"c")},
    ),
    "debconf": ("", {"/usr/share/debconf/templates": regular(b"d"), "/usr/sbin/su": regular(STATIC, 0o4755)}),
    "python3": (
        "Depends: libc6",
        {
            "/usr/bin/python3.11": program(dynamic(b"libc.so.6")),
            "/usr/bin/python3": symlink(b"python3.11"),
            "/usr/lib/python3/os.py": regular(b"import"),
            "/usr/lib/python3/_ssl.so": regular(LIBRARY),
            "/usr/lib/python3/helper": program(STATIC),
        },
    ),
    "python3-yaml": (
        "Depends: python3, yaml-data",
        {"/usr/lib/python3/yaml.py": regular(b"import"), "/usr/share/yaml-docs": regular(b"y")},
    ),
    "yaml-data": ("", {"/usr/share/yaml/data": regular(b"y")}),
    "tzdata": (
        "",
        {"/usr/share/zoneinfo/UTC": regular(b"tz"), "/usr/share/zoneinfo/right/UTC": regular(b"tz")},
    ),
    "idle": ("", {"/usr/share/idle/data": regular(b"i"), "/etc/idle.conf": regular(b"i")}),
}
UNOWNED: dict[str, Inode] = {
    "/bin": symlink(b"usr/bin"),
    "/lib64": symlink(b"usr/lib64"),
    "/lib": symlink(b"usr/lib"),
    "/sbin": symlink(b"usr/sbin"),
    "/var/run": symlink(b"/run"),
    "/run": directory(),
    "/tmp": directory(0o1777),
    "/proc": directory(),
    "/etc/mtab": symlink(b"../proc/self/mounts"),
    "/etc/alternatives/tool": symlink(b"/usr/bin/tool"),
    "/etc/passwd": regular(b"root:x:0:0::/root:/bin/sh\n"),
    "/root": directory(0o700),
    "/app/data.bin": regular(b"data"),
    "/app/plugin.so": regular(LIBRARY),
    "/app/helper": program(STATIC),
    "/app/run.sh": program(b"#!/bin/sh\n"),
    "/usr/local/bin/gosu": program(STATIC),
    "/usr/lib/python3/__pycache__/os.cpython-311.pyc": regular(b"pyc"),
    "/var/cache/apt/pkgcache.bin": regular(b"a" * 1000),
    "/var/lib/app": directory(),
    "/var/log/db/old.log": regular(b"l"),
}


def image(unowned: Mapping[str, Inode] | None = None) -> FileTree:
    status, files = "", dict(UNOWNED)
    for name, (fields, owned) in PACKAGES.items():
        status += f"Package: {name}\nStatus: install ok installed\nVersion: 1\n{fields}".rstrip() + "\n\n"
        files |= owned
        folders = {str(above) for path in owned for above in PurePosixPath(path).parents}
        listed = ["/.", *sorted(folders - {"/"}), *owned]
        files[f"/var/lib/dpkg/info/{name}.list"] = regular("\n".join(listed).encode())
    files["/var/lib/dpkg/status"] = regular(status.encode())
    return tree_of(files | dict(unowned or {}))


def profile(
    *,
    files: tuple[str, ...] = (),
    seen: tuple[str, ...] = (),
    syscalls: tuple[str, ...] = (),
    unresolved: str = "",
    is_open: bool = False,
) -> Profile:
    entries = {path: (Evidence("rule", "family"),) for path in files}
    entries |= {path: (Evidence("dynamic", "trace"),) for path in seen}
    return Profile(
        subject=Subject("x", "sha256:0", "linux/amd64", "/usr/bin/db", ("db",), (), "/", (0, 0)),
        tool_version="0",
        files=entries,
        syscalls={name: (Evidence("static", "x"),) for name in syscalls},
        open=("an interpreter",) if is_open else (),
        unresolved=(Unresolved("x", 0, "f", unresolved, "?"),) if unresolved else (),
    )


def slimmed(
    known: Profile | None = None,
    *,
    tree: FileTree | None = None,
    cmd: tuple[str, ...] = ("db",),
    files: Files = Files.SLIM,
    keep: tuple[str, ...] = (),
    **config: object,
) -> Slimmed:
    tree = tree or image()
    found = find_program(ImageConfig(architecture="amd64", os="linux", cmd=cmd, **config), tree)
    tree = found.with_missing_folders(tree)
    needs = needs_of(tree, found, found.libraries(tree), known or profile())
    return slim(tree, needs, read_packages(tree), files=files, keep=keep, environment=found.environment)


def reasons(result: Slimmed) -> dict[str, Reason]:
    return {each.path.decode(): each.reason for each in result.dropped}


def test_the_program_its_loader_and_libraries_stay_and_so_do_the_links_that_lead_there() -> None:
    kept = slimmed().tree
    for path in (b"/usr/bin/db", b"/lib64", b"/usr/lib64/ld-linux-x86-64.so.2", b"/usr/lib/libc.so.6"):
        assert path in kept
    assert kept.resolve(LOADER) is not None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/usr/bin/ls", Reason.PROGRAM),
        ("/usr/bin/tool", Reason.PROGRAM),
        ("/usr/bin/db-tool", Reason.PROGRAM),
        ("/usr/bin/db-script", Reason.PROGRAM),
        ("/usr/sbin/su", Reason.PROGRAM),
        ("/usr/local/bin/gosu", Reason.PROGRAM),
        ("/usr/lib/libunused.so.1", Reason.LIBRARY),
        ("/usr/lib/gconv/LATIN1.so", Reason.CHARSETS),
        ("/usr/share/tools/data", Reason.PACKAGE),
        ("/usr/share/coreutils/x", Reason.PACKAGE),
        ("/usr/share/idle/data", Reason.PACKAGE),
        ("/etc/idle.conf", Reason.PACKAGE),
        ("/usr/lib/python3/os.py", Reason.INTERPRETER),
        ("/usr/lib/python3/__pycache__/os.cpython-311.pyc", Reason.INTERPRETER),
        ("/var/cache/apt/pkgcache.bin", Reason.MANAGER),
        ("/var/lib/dpkg/status", Reason.MANAGER),
        ("/usr/share/debconf/templates", Reason.MANAGER),
        ("/usr/share/doc/libc6/copyright", Reason.DOCUMENTATION),
        ("/usr/share/man/man1/db.1", Reason.DOCUMENTATION),
        ("/usr/lib/libdb.a", Reason.DEVELOPMENT),
        ("/etc/init.d/db", Reason.SERVICES),
        ("/usr/share/zoneinfo/right/UTC", Reason.VARIANTS),
        ("/etc/alternatives/tool", Reason.LINK),
        ("/usr/bin/python3", Reason.LINK),
        ("/usr/share/idle", Reason.PACKAGE),
    ],
)
def test_left_out(path: str, reason: Reason) -> None:
    result = slimmed()
    assert reasons(result)[path] is reason
    assert path.encode() not in result.tree


@pytest.mark.parametrize(
    "path",
    [
        "/usr/share/db/messages",
        "/etc/db.conf",
        "/usr/share/db-common/rules",
        "/usr/share/db-deep/rules",
        "/usr/share/words/list",
        "/usr/share/zoneinfo/UTC",
        "/usr/lib/gconv/gconv-modules.cache",
        "/etc/passwd",
        "/etc/mtab",
        "/app/data.bin",
        "/app/run.sh",
        "/bin",
        "/var/run",
        "/tmp",
        "/proc",
        "/root",
        "/var/lib/db",
        "/var/lib/app",
        "/var/log/db/old.log",
        "/srv/work",
        "/data",
    ],
)
def test_kept(path: str) -> None:
    result = slimmed(working_dir="/srv/work", volumes=("/data",))
    assert path not in reasons(result)
    assert path.encode() in result.tree


def test_what_stays_is_the_same_inode_and_the_rest_adds_up() -> None:
    tree = image()
    result = slimmed(tree=tree)
    assert all(inode is tree[path] for path, inode in result.tree.items())
    assert sorted([*result.tree, *(each.path for each in result.dropped)]) == list(tree)
    sizes = sum(inode.size for inode in tree.values() if inode.kind is FileKind.REGULAR)
    left = sum(inode.size for inode in result.tree.values() if inode.kind is FileKind.REGULAR)
    assert sizes - left == sum(each.size for each in totals(result.dropped))
    assert result.tree[b"/var/lib/db"].mode == 0o700 and result.tree[b"/var/lib/db"].uid == 5


def test_a_file_with_two_names_is_counted_once() -> None:
    one = regular(b"x" * 100)
    result = slimmed(tree=image({"/usr/share/doc/a": one, "/usr/share/doc/b": one}))
    sizes = {each.path: each.size for each in result.dropped}
    assert (sizes[b"/usr/share/doc/a"], sizes[b"/usr/share/doc/b"]) == (100, 0)


def test_binaries_whose_names_nobody_knows_stay_where_they_may_be_meant() -> None:
    closed = reasons(slimmed())
    assert closed["/app/plugin.so"] is Reason.LIBRARY and closed["/app/helper"] is Reason.PROGRAM
    for known in (profile(unresolved="dlopen name"), profile(is_open=True)):
        result = slimmed(known)
        assert b"/app/plugin.so" in result.tree
        assert reasons(result)["/usr/lib/libunused.so.1"] is Reason.LIBRARY
    assert b"/app/helper" in slimmed(profile(syscalls=("execve",))).tree
    assert reasons(slimmed(profile(syscalls=("execve",))))["/usr/local/bin/gosu"] is Reason.PROGRAM


def test_what_the_profile_names_stays_with_its_package() -> None:
    result = slimmed(profile(files=("/bin/tool", "/lib/gconv/LATIN1.so", "/not/there")))
    for path in (
        b"/usr/bin/tool",
        b"/usr/share/tools/data",
        b"/etc/alternatives/tool",
        b"/usr/lib/gconv/LATIN1.so",
    ):
        assert path in result.tree
    assert result.kept is not None and result.kept[b"/usr/bin/tool"] == "family"


def test_an_interpreter_keeps_all_its_modules_and_what_they_depend_on() -> None:
    result = slimmed(cmd=("python3", "/app/x.py"))
    for path in (
        b"/usr/bin/python3",
        b"/usr/lib/python3/os.py",
        b"/usr/lib/python3/_ssl.so",
        b"/usr/lib/python3/yaml.py",
        b"/usr/lib/python3/__pycache__/os.cpython-311.pyc",
        b"/usr/share/yaml-docs",
        b"/usr/share/yaml/data",
    ):
        assert path in result.tree
    assert reasons(result)["/usr/lib/python3/helper"] is Reason.PROGRAM


def test_a_script_keeps_its_interpreter_and_the_programs_it_names() -> None:
    tree = image({"/app/job": program(b"#!/usr/bin/python3\n")})
    result = slimmed(tree=tree, cmd=("/app/job",))
    assert {b"/app/job", b"/usr/bin/python3", b"/usr/bin/python3.11"} <= set(result.tree)
    shell = image({"/usr/bin/dash": program(STATIC), "/usr/bin/sh": symlink(b"dash")})
    result = slimmed(tree=shell, cmd=("/bin/sh", "-c", "echo; exec db-tool"))
    assert {b"/usr/bin/dash", b"/usr/bin/sh", b"/usr/bin/db-tool"} <= set(result.tree)
    assert b"/usr/bin/tool" not in result.tree


def test_a_file_that_an_argument_names_stays() -> None:
    result = slimmed(cmd=("db", "/usr/share/idle/data"))
    assert {b"/usr/share/idle/data", b"/etc/idle.conf"} <= set(result.tree)


def test_a_program_in_usr_src_is_the_author_s() -> None:
    tree = image({"/usr/src/app/package.json": regular(b"{}"), "/usr/src/app/server.js": regular(b"js")})
    assert {b"/usr/src/app/package.json", b"/usr/src/app/server.js"} <= set(slimmed(tree=tree).tree)


def test_layers_above_the_first_hold_what_somebody_asked_for() -> None:
    changed = {b"/usr/share/idle/data": regular(b"i", layer=2), b"/etc/idle.conf": regular(b"i", layer=2)}
    assert b"/usr/share/idle/data" in slimmed(tree=image().with_entries(changed)).tree


def test_keep_names_files_folders_and_programs_with_their_libraries() -> None:
    tree = image({"/usr/lib/libunused.so.1": regular(LIBRARY), "/opt/t": program(dynamic(b"libunused.so.1"))})
    result = slimmed(tree=tree, keep=("/usr/share/doc", "/opt/*", "/bin/python3", "/none/**"))
    assert {
        b"/usr/share/doc/libc6/copyright",
        b"/opt/t",
        b"/usr/lib/libunused.so.1",
        b"/usr/bin/python3",
        b"/usr/bin/python3.11",
    } <= set(result.tree)
    assert result.unmatched == ("/none/**",)


def test_all_keeps_all() -> None:
    tree = image()
    result = slimmed(tree=tree, files=Files.ALL)
    assert result.tree is not None and dict(result.tree) == dict(tree) and result.dropped == ()


def test_strict_keeps_the_closure_and_what_a_run_touched() -> None:
    result = slimmed(
        profile(seen=("/etc/db.conf", "/usr/share/db"), files=("/etc/passwd",)), files=Files.STRICT
    )
    names = {path.decode() for path, inode in result.tree.items() if inode.kind is not FileKind.DIRECTORY}
    assert names == {
        "/usr/bin/db",
        "/usr/lib64/ld-linux-x86-64.so.2",
        "/usr/lib/libc.so.6",
        "/etc/db.conf",
        "/bin",
        "/lib",
        "/lib64",
        "/sbin",
        "/var/run",
    }
    assert {b"/usr/share/db", b"/tmp", b"/root", b"/proc"} <= set(result.tree)
    assert reasons(result)["/etc/passwd"] is Reason.UNTOUCHED


def test_links_that_go_through_folders_keep_these_and_circles_do_no_harm() -> None:
    tree = image(
        {
            "/opt/way/through": symlink(b"x/../../db/file"),
            "/opt/way/x": directory(),
            "/opt/db/file": regular(b"f"),
            "/opt/circle": symlink(b"circle"),
        }
    )
    result = slimmed(tree=tree)
    assert result.tree.find(b"/opt/way/through") == (b"/opt/db/file", tree[b"/opt/db/file"])


def test_no_link_of_the_result_leads_to_what_was_left_out() -> None:
    tree = image()
    for result in (slimmed(tree=tree), slimmed(tree=tree, files=Files.STRICT)):
        for path, inode in result.tree.items():
            if inode.kind is FileKind.SYMLINK and (end := tree.find(path)) is not None:
                assert result.tree.find(path) == end


def test_without_any_database_only_unused_binaries_and_rubbish_go() -> None:
    tree = tree_of(
        {
            "/db": program(STATIC),
            "/usr/lib/libx.so": regular(LIBRARY),
            "/usr/share/x": regular(b"x"),
            "/usr/share/doc/x": regular(b"x"),
        }
    )
    left_out = {"/usr/lib/libx.so", "/usr/share/doc", "/usr/share/doc/x"}
    assert set(reasons(slimmed(tree=tree, cmd=("/db",)))) == left_out


def test_locales_stay_while_nobody_knows_and_when_the_environment_names_one() -> None:
    name = "/usr/lib/locale/C.utf8/LC_CTYPE"
    files = PACKAGES["idle"][1]
    tree = image()
    listed = tree.with_entries(
        {
            name.encode(): regular(b"l"),
            b"/var/lib/dpkg/info/idle.list": regular("\n".join([*files, name]).encode()),
        }
    )
    assert reasons(slimmed(tree=listed))[name] is Reason.PACKAGE
    assert name.encode() in slimmed(profile(is_open=True), tree=listed).tree
    assert name.encode() in slimmed(tree=listed, env=("LANG=C.UTF-8",)).tree


def test_topmost_names_folders_and_not_what_was_in_them() -> None:
    found = [each.path for each in topmost(slimmed().dropped)]
    assert b"/usr/share/doc" in found and b"/usr/share/doc/libc6/copyright" not in found
    assert b"/usr/bin/ls" in found
