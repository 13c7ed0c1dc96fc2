"""Sockets that the C library makes for itself are no reason for a network; what anybody asks for is one."""

from __future__ import annotations

import pytest

from converter.analyze.libc_sockets import made_by_libc_alone, without_the_network
from converter.profile.model import Evidence, Profile, Subject

_LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
_DNS = Evidence("static", _LIBC, "0x12dcf0 to __socket <- __res_context_send <- __res_context_query")
_NSCD = Evidence("static", _LIBC, "0x14bc00 to __socket <- 0x14c7b0 <- getpwuid_r <- getpwuid")


def profile(**domains: tuple[Evidence, ...]) -> Profile:
    entries = {name.removeprefix("_"): why for name, why in domains.items()}
    subject = Subject("x", "sha256:0", "linux/amd64", "/usr/bin/p", ("p",), (), "/", (0, 0))
    return Profile(subject, "0", arguments={"socket.domain": entries} if entries else {})


def test_name_services_alone() -> None:
    found = profile(_2=(_DNS,), _1=(_NSCD,))
    assert made_by_libc_alone(found)
    assert without_the_network("socket.domain", found.arguments["socket.domain"]) == {"1": (_NSCD,)}
    assert without_the_network("socket.type", {"1": (_DNS,)}) == {}


@pytest.mark.parametrize(
    "why",
    [
        Evidence("static", "/usr/bin/p", "main to __socket <- _start"),
        Evidence("static", "/usr/lib/libevent.so.7", "0x20280 to socketpair"),
        Evidence("static", _LIBC, "getaddrinfo to __socket <- p:resolve <- main"),
        Evidence("static", _LIBC, "if_nameindex to __socket <- p:main"),
        Evidence("dynamic", _LIBC, "socket(AF_INET, SOCK_STREAM, 0)"),
        Evidence("user", "--profile", ""),
    ],
)
def test_one_other_reason_is_enough(why: Evidence) -> None:
    assert not made_by_libc_alone(profile(_2=(_DNS, why)))


def test_nothing_known_is_no_excuse() -> None:
    assert not made_by_libc_alone(profile())
