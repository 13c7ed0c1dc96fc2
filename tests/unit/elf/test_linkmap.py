"""What dlopen adds, variants for processors, filters, and names with $ORIGIN."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from converter.elf.closure import library_closure, link_map
from converter.elf.linkmap import LinkMap
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree, Inode
from tests.builders.elves import elf, ld_cache
from tests.builders.trees import program, regular, symlink, tree_of

_LD = "/lib64/ld-linux-x86-64.so.2"


def image(entries: Mapping[str, Inode], *needed: bytes, **fields: object) -> FileTree:
    made = program(elf(interpreter=_LD.encode(), needed=needed, **fields))
    return tree_of({"/app/x": made, _LD: program(elf(soname=b"ld-linux-x86-64.so.2"))} | dict(entries))


def lib(*needed: bytes, **fields: object) -> Inode:
    return regular(elf(needed=needed, **fields))


def opened(tree: FileTree) -> LinkMap:
    found = link_map(tree, b"/app/x", {})
    assert found is not None
    return found


def places(tree: FileTree) -> list[tuple[str, bool]]:
    found = library_closure(tree, b"/app/x", {})
    return [(each.real_path.decode(), each.variant) for each in found.libraries]


def test_dlopen_adds_what_is_new_and_its_dependencies() -> None:
    entries = {
        "/usr/lib/liba.so": lib(),
        "/usr/lib/libp.so": lib(b"liba.so", b"libb.so"),
        "/usr/lib/libb.so": lib(),
    }
    links = opened(image(entries, b"liba.so"))
    assert [each.real_path for each in links.open(b"/usr/lib/libp.so")] == [
        b"/usr/lib/libp.so",
        b"/usr/lib/libb.so",
    ]
    assert links.open(b"libp.so") == () and links.open(b"libb.so") == ()


def test_dlopen_searches_as_the_caller() -> None:
    entries = {"/own/libq.so": lib(), "/usr/lib/libp.so": lib(runpath=b"/own")}
    links = opened(image(entries, b"libp.so"))
    with pytest.raises(IncompatibleImageError, match=r"libq\.so is missing"):
        links.open(b"libq.so")
    assert [each.path for each in links.open(b"libq.so", links.objects[0])] == [b"/own/libq.so"]


def test_a_dlopen_that_fails_leaves_nothing_behind() -> None:
    entries = {"/usr/lib/libp.so": lib(b"libb.so", b"libnone.so"), "/usr/lib/libb.so": lib()}
    links = opened(image(entries))
    with pytest.raises(IncompatibleImageError, match=r"libnone\.so is missing, wanted by /usr/lib/libp"):
        links.open(b"libp.so")
    assert links.objects == [] and links.named(b"libb.so") is None
    assert len(links.open(b"libb.so")) == 1


def test_every_variant_of_the_cache_and_of_the_folders_is_a_candidate() -> None:
    v3, v4 = "/usr/lib/glibc-hwcaps/x86-64-v3/liba.so", "/usr/lib/glibc-hwcaps/x86-64-v4/liba.so"
    entries = {"/usr/lib/liba.so": lib(), v3: lib(b"libb.so"), v4: lib(), "/usr/lib/libb.so": lib()}
    expected = [
        ("/usr/lib/liba.so", False),
        (v4, True),
        (v3, True),
        ("/usr/lib/libb.so", False),
    ]
    assert places(image(entries, b"liba.so")) == expected
    rows = [(0x303, b"liba.so", v4.encode(), 1 << 62), (0x303, b"liba.so", v3.encode(), (1 << 62) + 1)]
    rows.append((0x303, b"liba.so", b"/usr/lib/liba.so", 0))
    cache = {"/etc/ld.so.cache": regular(ld_cache(rows))}
    assert places(image(entries | cache, b"liba.so")) == expected


def test_legacy_variants_nest_and_one_alone_will_do() -> None:
    path = "/opt/tls/haswell/avx512_1/liba.so"
    assert places(image({path: lib()}, b"liba.so", runpath=b"/opt")) == [(path, True)]
    both = {path: lib(), "/opt/liba.so": lib(), "/usr/lib/haswell/liba.so": lib()}
    assert places(image(both, b"liba.so", runpath=b"/opt")) == [("/opt/liba.so", False), (path, True)]


def test_platform_is_what_the_processor_makes_of_it() -> None:
    entries = {"/opt/x86_64/liba.so": lib(), "/opt/haswell/liba.so": lib()}
    found = places(image(entries, b"liba.so", runpath=b"/opt/$PLATFORM"))
    assert found == [("/opt/x86_64/liba.so", False), ("/opt/haswell/liba.so", True)]


def test_a_variant_that_is_a_link_to_the_baseline_counts_once() -> None:
    entries = {
        "/usr/lib/liba.so": lib(),
        "/usr/lib/glibc-hwcaps/x86-64-v2/liba.so": symlink(b"../../liba.so"),
    }
    assert places(image(entries, b"liba.so")) == [("/usr/lib/liba.so", False)]


def test_filters_are_needed_and_auxiliaries_are_not() -> None:
    entries = {"/usr/lib/liba.so": lib(filters=[b"libf.so"], auxiliaries=[b"libx.so", b"liby.so"])}
    entries |= {"/usr/lib/libx.so": lib()}
    with pytest.raises(IncompatibleImageError, match=r"libf\.so is missing"):
        places(image(entries, b"liba.so"))
    entries["/usr/lib/libf.so"] = lib()
    assert [path for path, _ in places(image(entries, b"liba.so"))] == [
        "/usr/lib/liba.so",
        "/usr/lib/libx.so",
        "/usr/lib/libf.so",
    ]


def test_origin_in_a_needed_name() -> None:
    entries = {"/app/lib/liba.so": lib()}
    assert places(image(entries, b"$ORIGIN/lib/liba.so")) == [("/app/lib/liba.so", False)]


def test_no_default_libraries_spares_only_the_caches_other_folders() -> None:
    rows = [(0x303, b"liba.so", b"/opt/liba.so", 0), (0x303, b"libb.so", b"/usr/lib/libb.so", 0)]
    entries = {"/opt/liba.so": lib(), "/usr/lib/libb.so": lib()}
    entries |= {"/etc/ld.so.cache": regular(ld_cache(rows))}
    assert places(image(entries, b"liba.so", flags_1=0x800)) == [("/opt/liba.so", False)]
    with pytest.raises(IncompatibleImageError, match=r"libb\.so is missing"):
        places(image(entries, b"libb.so", flags_1=0x800))
