"""The closure of real programs is what this machine's own loader maps (LD_TRACE_LOADED_OBJECTS, ld.so(8))."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from converter.elf.closure import library_closure
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree
from tests.builders.host import host_tree

pytestmark = pytest.mark.skipif(
    not Path("/lib64/ld-linux-x86-64.so.2").exists() or shutil.which("gcc") is None,
    reason="needs gcc and an x86-64 glibc",
)

_PROGRAMS = "ls tar gcc git curl openssl sqlite3 python3 perl ssh nginx redis-server haproxy php node".split()
_LINE = re.compile(r"\t(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)


def truth(program: Path, **env: str) -> list[Path]:
    """What ld.so would map, in its order, by real path; the vDSO has none."""
    done = subprocess.run(
        [program], env={"LD_TRACE_LOADED_OBJECTS": "1", **env}, capture_output=True, text=True, check=True
    )
    return [Path(path).resolve() for path in _LINE.findall(done.stdout)]


def ours(tree: FileTree, program: Path, **env: str) -> list[Path]:
    environment = {name.encode(): value.encode() for name, value in env.items()}
    found = library_closure(tree, str(program).encode(), environment)
    assert found.interpreter is not None
    libraries = [Path(os.fsdecode(each.real_path)) for each in found.libraries if not each.variant]
    return [*libraries, Path(os.fsdecode(found.interpreter.real_path))]


@pytest.fixture(scope="module")
def libraries() -> FileTree:
    places = ["/lib/x86_64-linux-gnu", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"]
    return host_tree(places)


@pytest.mark.parametrize("name", _PROGRAMS)
def test_installed_programs(name: str, libraries: FileTree) -> None:
    found = shutil.which(name, path="/usr/bin:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    tree = libraries.with_entries(dict(host_tree([found])))
    expected = truth(Path(found))
    if not expected:
        pytest.skip(f"{name} is no dynamically linked program")
    assert sorted(ours(tree, Path(found))) == sorted(expected)


def compile_at(path: Path, source: str, *options: str | Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shared = ["-shared", "-fPIC", f"-Wl,-soname,{path.name}"] if ".so" in path.name else []
    text = path.with_suffix(".c")
    text.write_text(source)
    subprocess.run(["gcc", *shared, "-o", path, text, "-Wl,--no-as-needed", *options], check=True)
    text.unlink()
    return path


def library(path: Path, *options: str | Path) -> Path:
    name = path.name.partition(".")[0]
    return compile_at(path, f"int {name}(void) {{ return 1; }}", *options)


def both(root: Path, program: Path, libraries: FileTree, env: Mapping[str, str]) -> list[str]:
    """The places below `root`, after it was checked that we and the loader say the same."""
    tree = libraries.with_entries(dict(host_tree([root])))
    expected = truth(program, **env)
    assert ours(tree, program, **env) == expected
    return [str(path.relative_to(root)) for path in expected if path.is_relative_to(root)]


def test_search_order(tmp_path: Path, libraries: FileTree) -> None:
    """rpath over environment over runpath, $ORIGIN, and what a library inherits."""
    for folder in ("rpath", "env", "runpath"):
        library(tmp_path / folder / "liba.so")
    b = library(tmp_path / "deep" / "libb.so", tmp_path / "env" / "liba.so")
    main = "int main(void) { return 0; }"
    links = [b, f"-Wl,-rpath-link,{tmp_path}/env"]
    old = compile_at(
        tmp_path / "bin/old", main, *links, "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../deep:$ORIGIN/../rpath"
    )
    new = compile_at(
        tmp_path / "bin/new",
        main,
        *links,
        tmp_path / "runpath/liba.so",
        "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../runpath:$ORIGIN/../deep",
    )
    env = {"LD_LIBRARY_PATH": f"{tmp_path}/env"}
    assert both(tmp_path, old, libraries, {}) == ["deep/libb.so", "rpath/liba.so"]
    assert both(tmp_path, old, libraries, env) == ["deep/libb.so", "rpath/liba.so"]
    assert both(tmp_path, new, libraries, {}) == ["deep/libb.so", "runpath/liba.so"]
    assert both(tmp_path, new, libraries, env) == ["deep/libb.so", "env/liba.so"]
    preload = {"LD_PRELOAD": f"{tmp_path}/rpath/liba.so /no/such.so"}
    assert both(tmp_path, new, libraries, preload)[0] == "rpath/liba.so"


def test_the_loader_and_we_refuse_the_same_versions(tmp_path: Path, libraries: FileTree) -> None:
    script = tmp_path / "map"
    script.write_text("V_1 { global: libv; };\n")
    path = library(tmp_path / "libv.so", f"-Wl,--version-script={script}")
    program = compile_at(
        tmp_path / "x",
        "int libv(void); int main(void) { return libv() - 1; }",
        path,
        "-Wl,-rpath,$ORIGIN",
    )
    assert subprocess.run([program], check=False).returncode == 0
    assert both(tmp_path, program, libraries, {}) == ["libv.so"]
    script.write_text("V_2 { global: libv; };\n")
    library(path, f"-Wl,--version-script={script}")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    with pytest.raises(IncompatibleImageError) as caught:
        ours(libraries.with_entries(dict(host_tree([tmp_path]))), program)
    assert str(caught.value) in done.stderr
