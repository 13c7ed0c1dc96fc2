"""Library search: each rule of the loaders' order decides at least one case here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from converter.elf.closure import LibraryClosure, library_closure
from converter.elf.ldconf import configured_folders
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree, Inode
from tests.builders.elves import ARM64, elf, ld_cache
from tests.builders.trees import program, regular, symlink, tree_of

_LD = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
_MUSL = "/lib/ld-musl-x86_64.so.1"


def glibc(entries: Mapping[str, Inode]) -> FileTree:
    base = {
        _LD: program(elf(soname=b"ld-linux-x86-64.so.2")),
        "/lib64": symlink(b"usr/lib64"),
        "/lib": symlink(b"usr/lib"),
        "/usr/lib64/ld-linux-x86-64.so.2": symlink(b"../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    }
    return tree_of(base | dict(entries))


def app(*needed: bytes, **fields: object) -> Inode:
    return program(elf(interpreter=b"/lib64/ld-linux-x86-64.so.2", needed=needed, **fields))


def musl_app(*needed: bytes, **fields: object) -> Inode:
    return program(elf(interpreter=_MUSL.encode(), needed=needed, **fields))


def lib(*needed: bytes, **fields: object) -> Inode:
    return regular(elf(needed=needed, **fields))


def close(tree: FileTree, path: str = "/app/bin/x", **env: str) -> LibraryClosure:
    return library_closure(
        tree, path.encode(), {name.encode(): value.encode() for name, value in env.items()}
    )


def places(tree: FileTree, path: str = "/app/bin/x", **env: str) -> list[str]:
    return [library.real_path.decode() for library in close(tree, path, **env).libraries]


def test_static_program_has_no_closure() -> None:
    found = close(tree_of({"/app/bin/x": program(elf(kind=2, dynamic=False))}))
    assert (found.interpreter, found.libraries) == (None, ())


def test_order_of_rpath_environment_runpath_cache_and_defaults() -> None:
    every = {
        "/rpath/liba.so": lib(),
        "/env/liba.so": lib(),
        "/runpath/liba.so": lib(),
        "/cached/liba.so": lib(),
        "/usr/lib/x86_64-linux-gnu/liba.so": lib(),
        "/usr/lib64/liba.so": lib(),
        "/usr/lib/liba.so": lib(),
        "/etc/ld.so.cache": regular(ld_cache([(0x303, b"liba.so", b"/cached/liba.so", 0)])),
    }
    with_rpath = glibc({"/app/bin/x": app(b"liba.so", rpath=b"/rpath"), **every})
    with_both = glibc({"/app/bin/x": app(b"liba.so", rpath=b"/rpath", runpath=b"/runpath"), **every})
    assert places(with_rpath, LD_LIBRARY_PATH="/env") == ["/rpath/liba.so"]
    assert places(with_both, LD_LIBRARY_PATH="/env") == ["/env/liba.so"]
    assert places(with_both) == ["/runpath/liba.so"]
    order = ["/cached/liba.so", "/usr/lib/x86_64-linux-gnu/liba.so", "/usr/lib64/liba.so", "/usr/lib/liba.so"]
    tree = glibc({"/app/bin/x": app(b"liba.so"), **every})
    for place in order:
        assert places(tree) == [place]
        tree = tree.without([place.encode()])
    with pytest.raises(IncompatibleImageError):
        places(tree)


def test_rpath_is_inherited_and_runpath_is_not() -> None:
    files = {"/own/liba.so": lib(b"libb.so"), "/own/libb.so": lib()}
    assert places(glibc({"/app/bin/x": app(b"liba.so", rpath=b"/own"), **files})) == [
        "/own/liba.so",
        "/own/libb.so",
    ]
    with pytest.raises(IncompatibleImageError, match=r"libb\.so is missing, wanted by /own/liba\.so"):
        places(glibc({"/app/bin/x": app(b"liba.so", runpath=b"/own"), **files}))


def test_origin_is_the_real_place_of_the_program() -> None:
    tree = glibc(
        {
            "/app/bin/x": symlink(b"/opt/app-1.2/bin/x"),
            "/opt/app-1.2/bin/x": app(b"liba.so", runpath=b"$ORIGIN/../$LIB:${ORIGIN}/../lib"),
            "/opt/app-1.2/lib/liba.so": lib(),
        }
    )
    assert places(tree) == ["/opt/app-1.2/lib/liba.so"]


def test_library_links_are_followed_inside_the_root_and_loaded_once() -> None:
    tree = glibc(
        {
            "/app/bin/x": app(b"liba.so.1", b"liba.so", b"libb.so"),
            "/usr/lib/liba.so.1": symlink(b"/usr/lib/liba.so.1.2"),
            "/usr/lib/liba.so": symlink(b"liba.so.1"),
            "/usr/lib/liba.so.1.2": lib(b"ld-linux-x86-64.so.2", soname=b"liba.so.1"),
            "/usr/lib/libb.so": lib(b"liba.so.1"),
        }
    )
    assert places(tree) == ["/usr/lib/liba.so.1.2", "/usr/lib/libb.so"]


def test_other_architectures_are_passed_over() -> None:
    tree = glibc(
        {
            "/app/bin/x": app(b"liba.so", runpath=b"/first:/second"),
            "/first/liba.so": lib(machine=ARM64),
            "/second/liba.so": lib(),
        }
    )
    assert places(tree) == ["/second/liba.so"]


def test_preloads_come_first_and_may_be_missing() -> None:
    tree = glibc(
        {
            "/app/bin/x": app(b"liba.so"),
            "/usr/lib/liba.so": lib(),
            "/usr/lib/libjemalloc.so.2": lib(),
            "/etc/ld.so.preload": regular(b"/usr/lib/libp.so # why\n"),
            "/usr/lib/libp.so": lib(),
        }
    )
    found = places(tree, LD_PRELOAD="libjemalloc.so.2:/not/there.so")
    assert found == ["/usr/lib/libjemalloc.so.2", "/usr/lib/libp.so", "/usr/lib/liba.so"]


def test_missing_library_interpreter_and_wrong_interpreter() -> None:
    with pytest.raises(
        IncompatibleImageError, match=r"libfoo\.so\.1 is missing, wanted by /app/bin/x"
    ) as caught:
        close(glibc({"/app/bin/x": app(b"libfoo.so.1")}))
    assert caught.value.hint and caught.value.exit_code == 3
    with pytest.raises(
        IncompatibleImageError, match=r"interpreter /lib/ld-musl-x86_64\.so\.1 is missing"
    ) as caught:
        close(glibc({"/app/bin/x": musl_app()}))
    assert "musl" in (caught.value.hint or "") and caught.value.where == "/app/bin/x"
    with pytest.raises(IncompatibleImageError, match="is for arm64, the program for amd64"):
        close(tree_of({"/app/bin/x": musl_app(), _MUSL: program(elf(machine=ARM64))}))


def test_corrupt_library_is_named() -> None:
    with pytest.raises(IncompatibleImageError, match="corrupt ELF") as caught:
        close(glibc({"/app/bin/x": app(b"liba.so"), "/usr/lib/liba.so": regular(elf()[:100])}))
    assert caught.value.where == "/usr/lib/liba.so"


def test_musl_order_and_its_own_names() -> None:
    files = {
        _MUSL: program(elf(soname=b"libc.musl-x86_64.so.1")),
        "/run/liba.so": lib(b"libb.so", b"libpthread.so.0"),
        "/run/libb.so": lib(),
        "/listed/libb.so": lib(),
        "/usr/lib/libb.so": lib(),
    }
    inherited = tree_of(
        {"/app/bin/x": musl_app(b"liba.so", b"libc.musl-x86_64.so.1", runpath=b"/run"), **files}
    )
    assert places(inherited) == ["/run/liba.so", "/run/libb.so"]
    plain = {"/app/bin/x": musl_app(b"libb.so"), **files}
    assert places(tree_of(plain)) == ["/usr/lib/libb.so"]
    listed = plain | {"/etc/ld-musl-x86_64.path": regular(b"/nowhere\n/listed\n")}
    assert places(tree_of(listed)) == ["/listed/libb.so"]
    assert places(tree_of(listed), LD_LIBRARY_PATH="/run") == ["/run/libb.so"]


def test_unreadable_cache_falls_back_to_the_configuration() -> None:
    tree = glibc(
        {
            "/app/bin/x": app(b"liba.so"),
            "/opt/liba.so": lib(),
            "/etc/ld.so.cache": regular(b"not a cache"),
            "/etc/ld.so.conf": regular(b"include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n"),
            "/etc/ld.so.conf.d/b.conf": regular(b"# libraries\n/opt # ours\nhwcap 0 nosegneg\n"),
            "/etc/ld.so.conf.d/a.conf": regular(b"/first\n"),
            "/etc/ld.so.conf.d/ignored": regular(b"/ignored\n"),
        }
    )
    assert configured_folders(tree) == (b"/first", b"/opt")
    assert places(tree) == ["/opt/liba.so"]
    with pytest.raises(IncompatibleImageError):  # without any cache, glibc reads no configuration
        places(tree.without([b"/etc/ld.so.cache"]))
