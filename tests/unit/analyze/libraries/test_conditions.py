"""When a family is in use: who refers to a symbol, which charset a locale has, what the arguments say."""

from __future__ import annotations

import pytest

from tests.builders.runtime_images import LIB, found, lib, paths

_APP = "/usr/bin/app"
_GCONV = f"{LIB}/gconv/ISO8859-1.so"
_UNISTRING = f"{LIB}/libunistring.so.2"


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ({_APP: ["iconv_open"]}, True),
        ({_APP: ["iconv"]}, False),
        ({_UNISTRING: ["iconv_open"]}, False),
        ({_UNISTRING: ["iconv_open"], _APP: ["u8_strconv_from_encoding"]}, True),
        ({_UNISTRING: ["iconv_open", "u8_strconv_from_encoding"]}, False),
        ({f"{LIB}/libstdc++.so.6": ["iconv_open"]}, False),
    ],
)
def test_charset_modules_by_who_asks(called: dict[str, list[str]], expected: bool) -> None:
    entries = {_GCONV: lib(), _UNISTRING: lib(), f"{LIB}/libstdc++.so.6": lib()}
    needed = [b"libunistring.so.2", b"libstdc++.so.6"]
    assert (_GCONV in paths(found(entries, needed=needed, called=called))) is expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ([], False),
        (["LANG=C.UTF-8"], False),
        (["LANG=de_DE.utf8"], False),
        (["LANG=C"], False),
        (["LANG=de_DE.ISO-8859-15"], True),
        (["LANG=de_DE@euro"], True),
        (["LC_ALL=C.UTF-8", "LANG=de_DE"], False),
        (["LC_CTYPE=ru_RU.KOI8-R", "LANG=C.UTF-8"], True),
    ],
)
def test_charset_modules_by_locale(env: list[str], expected: bool) -> None:
    result = found({_GCONV: lib()}, env=env, called={_APP: ["setlocale"]})
    assert (_GCONV in paths(result)) is expected


def test_charset_modules_for_streams_with_a_charset() -> None:
    called = {_APP: ["fopen"]}
    assert paths(found({_GCONV: lib()}, called=called, text=b"\0r,ccs=UTF-16\0")) == [_GCONV]
    assert paths(found({_GCONV: lib()}, called=called)) == []


@pytest.mark.parametrize(
    ("argv", "expected"), [(["-m", "64"], False), (["-vS"], True), (["--enable-sasl"], True)]
)
def test_memcached_uses_sasl_when_told_to(argv: list[str], expected: bool) -> None:
    entries = {f"{LIB}/libsasl2.so.2": lib(), f"{LIB}/sasl2/libsasldb.so": lib()}
    program = "/usr/bin/memcached"
    called = {program: ["sasl_server_init"], f"{LIB}/libsasl2.so.2": ["sasl_server_init"]}
    result = found(entries, argv=[program, *argv], needed=[b"libsasl2.so.2"], called=called)
    assert (f"{LIB}/sasl2/libsasldb.so" in paths(result)) is expected
