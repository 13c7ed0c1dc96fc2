"""Families and names that code passes to dlopen bring objects, which bring more, until nothing new comes."""

from __future__ import annotations

import pytest

from converter.analyze.libraries import fixpoint
from tests.builders.runtime_images import LIB, LIBC, files, found, lib, paths
from tests.builders.trees import regular, symlink

_APP = "/usr/bin/app"


def test_nothing_is_added_for_nothing() -> None:
    entries = {f"{LIB}/libgcc_s.so.1": lib(), f"{LIB}/gconv/UTF-16.so": lib()}
    assert paths(found(entries)) == []


def test_a_symbol_that_is_referred_to_brings_a_library_by_name() -> None:
    entries = {f"{LIB}/libgcc_s.so.1": lib(b"libx.so"), f"{LIB}/libx.so": lib()}
    result = found(entries, called={_APP: ["pthread_exit"]})
    assert paths(result) == [f"{LIB}/libgcc_s.so.1", f"{LIB}/libx.so"]
    assert [each.needed for each in result.objects] == [False, True]
    (why,) = result.objects[0].why
    assert (why.kind, why.source) == ("rule", "libraries/stack unwinding")
    assert f"{_APP} refers to pthread_exit" in why.detail
    assert result.objects[1].why[0].detail == "needs libx.so"


def test_what_comes_may_bring_more() -> None:
    """A PAM module refers to getpwnam, which brings an NSS module; each step is an analysis of its own."""
    entries = {
        f"{LIB}/libpam.so.0": lib(),
        f"{LIB}/security/pam_x.so": lib(),
        f"{LIB}/libnss_sss.so.2": lib(),
        "/etc/pam.d/login": regular(b"auth required pam_x.so\n"),
        "/etc/nsswitch.conf": regular(b"passwd: files sss\n"),
    }
    seen: list[list[str]] = []
    called = {_APP: ["pam_start"], f"{LIB}/security/pam_x.so": ["getpwnam"]}
    result = found(entries, needed=[b"libpam.so.0"], called=called, seen=seen)
    assert paths(result) == [f"{LIB}/security/pam_x.so", f"{LIB}/libnss_sss.so.2"]
    assert files(result) == ["/etc/nsswitch.conf", "/etc/pam.d/login"]
    assert [len(each) for each in seen] == [4, 5, 6]


def test_a_module_that_cannot_be_loaded_is_none() -> None:
    entries = {f"{LIB}/libgcc_s.so.1": lib(b"libnone.so")}
    assert paths(found(entries, called={_APP: ["pthread_exit"]})) == []


def test_a_module_whose_dependency_another_one_brings() -> None:
    """liba.so is in no folder that is searched, but once it is mapped it answers to its name."""
    entries = {
        "/usr/lib/python3/dist-packages/a.so": lib(b"libz.so"),
        "/usr/lib/python3/dist-packages/z.so": lib(soname=b"libz.so"),
    }
    result = found(entries, argv=["/usr/bin/python3"])
    assert sorted(paths(result)) == sorted(entries)


def test_what_is_no_library_is_passed_over() -> None:
    entries = {
        "/opt/node_modules/a.node": regular(b"not ELF"),
        "/opt/node_modules/b.node": symlink(b"b.node"),
        "/opt/node_modules/c.node": symlink(b"/nowhere"),
        "/opt/node_modules/d.node": lib(),
    }
    result = found(entries, argv=["/usr/bin/node"])
    assert paths(result) == ["/opt/node_modules/d.node"]
    assert any("JavaScript" in reason for reason in result.open)


def test_names_in_the_text_of_who_opens_what_it_cannot_be_told() -> None:
    entries = {f"{LIB}/libp.so.1": lib(), f"{LIB}/libq.so": lib(), "/opt/app/libr.so": lib()}
    text = b"\0libp.so.1\0/opt/app/libr.so\0libq.so: no such file\0"
    called = {_APP: ["dlopen"]}
    result = found(entries, text=text, called=called, dlopen_any=True)
    assert sorted(paths(result)) == ["/opt/app/libr.so", f"{LIB}/libp.so.1"]
    assert result.open == (f"{_APP} opens libraries by names that are not in its code",)
    closed = found(entries, text=text, called=called)
    assert (paths(closed), closed.open) == ([], ())


def test_who_is_explained_by_a_family_is_not_open() -> None:
    called = {f"{LIB}/libcrypto.so.3": ["dlopen"], LIBC: ["dlopen"]}
    result = found(
        {f"{LIB}/libcrypto.so.3": lib()}, needed=[b"libcrypto.so.3"], called=called, dlopen_any=True
    )
    assert result.open == ()


def test_folders_of_variables() -> None:
    entries = {"/opt/sasl/libx.so": lib(), f"{LIB}/libsasl2.so.2": lib(), f"{LIB}/sasl2/liby.so": lib()}
    result = found(
        entries, needed=[b"libsasl2.so.2"], env=["SASL_PATH=/opt/sasl"], called={_APP: ["sasl_client_init"]}
    )
    assert sorted(paths(result)) == ["/opt/sasl/libx.so", f"{LIB}/sasl2/liby.so"]


def test_beside_the_program() -> None:
    home = "/usr/lib/jvm/java-17"
    entries = {
        f"{home}/lib/server/libjvm.so": lib(),
        f"{home}/lib/libnet.so": lib(),
        f"{home}/lib/jspawnhelper": regular(b""),
    }
    result = found(entries, argv=[f"{home}/bin/java"])
    assert paths(result) == [f"{home}/lib/libnet.so", f"{home}/lib/server/libjvm.so"]
    assert files(result) == [f"{home}/lib/jspawnhelper"]


def test_only_what_is_looked_up_in_a_module_counts() -> None:
    """libsasl2 looks a client's entry points up in every plug-in; as a server it looks for others."""
    entries = {
        f"{LIB}/libsasl2.so.2": lib(),
        f"{LIB}/sasl2/liby.so": lib(b"libdb.so"),
        f"{LIB}/libdb.so": lib(),
    }
    client, server = "sasl_client_init", "sasl_server_init"
    for symbols, looked_up in (
        ([client], ("sasl_canonuser_init", "sasl_client_plug_init")),
        (
            [client, server],
            (
                "sasl_auxprop_plug_init",
                "sasl_canonuser_init",
                "sasl_client_plug_init",
                "sasl_server_plug_init",
            ),
        ),
    ):
        result = found(entries, needed=[b"libsasl2.so.2"], called={_APP: symbols})
        plugin, needed = result.objects
        assert tuple(sorted(plugin.entries)) == looked_up
        assert (needed.path.decode(), needed.entries, needed.needed) == (f"{LIB}/libdb.so", (), True)


def test_a_module_that_another_one_needs_and_that_is_opened_itself() -> None:
    """Then any of its exports may be looked up, whatever order they came in."""
    folder = "/usr/lib/python3/dist-packages"
    entries = {f"{folder}/a.so": lib(b"libz.so", runpath=b"$ORIGIN"), f"{folder}/libz.so": lib()}
    seen: list[list[str]] = []
    result = found(entries, argv=["/usr/bin/python3"], seen=seen)
    assert [(each.path.decode(), each.needed) for each in result.objects] == [
        (f"{folder}/a.so", False),
        (f"{folder}/libz.so", False),
    ]


def test_a_module_of_an_open_family_adds_no_reason_and_its_names_count() -> None:
    module = "/usr/lib/python3/dist-packages/m.so"
    entries = {module: lib(text=b"\0libp.so.1\0"), f"{LIB}/libp.so.1": lib()}
    seen: list[list[str]] = []
    called = {module: ["dlopen"], "/usr/bin/python3": ["dlopen"]}
    result = found(entries, argv=["/usr/bin/python3"], called=called, dlopen_any=True, seen=seen)
    assert paths(result) == [module, f"{LIB}/libp.so.1"]
    assert [reason.partition(" ")[0] for reason in result.open] == ["Python"]
    assert [len(each) for each in seen] == [4, 5]  # the modules of the interpreter are there from the start


def test_libraries_that_never_stop_bringing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixpoint, "_ROUNDS_MAX", 2)
    entries = {f"{LIB}/lib{each}.so": lib(text=b"\0lib%d.so\0" % (each + 1)) for each in range(1, 9)}
    called = {_APP: ["dlopen"], **{path: ["dlopen"] for path in entries}}
    result = found(entries, text=b"\0lib1.so\0", called=called, dlopen_any=True)
    assert len(paths(result)) == 2
    assert result.open[-1].endswith("was given up")
