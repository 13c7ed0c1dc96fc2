"""Which programs are refused for networking, and which are not though they could use it."""

from __future__ import annotations

import pytest

from converter.profile.model import Evidence
from tests.builders.trees import program as executable
from tests.unit.analyze.entrypoint.images import NOTHING
from tests.unit.analyze.refusal.facts import APP, LIBC, needs, passing, program, seen, site

NEED = "networking"
DEEP = "server:f <- g <- h <- main <- _start <- entry point"
SERVER = {"socket": [site("socket", DEEP)], "bind": [site("bind", DEEP)], "listen": [site("listen", DEEP)]}
INTERNET = {"2": [passing("f to socket <- g <- h <- main <- _start <- entry point")]}
CLIENT = {"socket": [site("socket", DEEP)], "connect": [site("connect", DEEP)]}


def test_a_port_that_is_exposed_and_code_that_listens() -> None:
    found = needs(None, SERVER, INTERNET, expose=("80", "443/tcp"))[NEED]
    assert "80/tcp 443/tcp" in found.what
    assert [each.source for each in found.evidence] == ["the image", LIBC, APP]
    assert "listen+0x5 at 0x10a8e5" in found.evidence[1].detail


@pytest.mark.parametrize(
    ("syscalls", "domains", "expose"),
    [
        (SERVER, INTERNET, ()),  # Python can listen; that is no reason
        (SERVER, {"1": [passing()]}, ("80",)),  # a socket of this machine only
        (
            {"socket": SERVER["socket"], "bind": SERVER["bind"]},
            INTERNET,
            ("80",),
        ),  # a stream, and nobody listens
        ({}, {}, ("80",)),  # EXPOSE alone
        (CLIENT, INTERNET, ()),  # curl --version
    ],
)
def test_what_is_no_reason(
    syscalls: dict[str, list[Evidence]], domains: dict[str, list[Evidence]], expose: tuple[str, ...]
) -> None:
    assert needs(None, syscalls, domains, expose=expose) == {}


def test_a_datagram_port_needs_no_listen() -> None:
    bound = {"socket": SERVER["socket"], "bind": SERVER["bind"]}
    assert "53/udp" in needs(None, bound, INTERNET, expose=("53/udp",))[NEED].what


def test_an_unknown_domain_may_be_the_internet() -> None:
    assert NEED in needs(None, SERVER, {"*": [passing()]}, expose=("80",))


def test_the_rule_ends_with_the_handler() -> None:
    assert needs(None, SERVER, INTERNET, expose=("80",), handlers=("socket",)) == {}


@pytest.mark.parametrize(
    "name", ["tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:443 connect", "udp [::]:53 bind", "AF_PACKET bind"]
)
def test_what_was_seen(name: str) -> None:
    found = needs(sockets={name: [seen()]})[NEED]
    assert name in found.what
    assert found.evidence[0].kind == "dynamic"


@pytest.mark.parametrize(
    "name",
    ["unix /run/x.sock listen", "udp 127.0.0.53:53 connect", "udp 0.0.0.0:0 bind", "AF_NETLINK bind"],
)
def test_what_was_seen_and_is_not_the_network(name: str) -> None:
    assert needs(sockets={name: [seen()]}) == {}


def test_an_address_to_listen_on_in_the_command_line() -> None:
    assert "0.0.0.0:8000" in needs(program("server", "-S", "0.0.0.0:8000"), SERVER, INTERNET)[NEED].what
    assert "[::]:80" in needs(program("server", "--bind=[::]:80"), SERVER, INTERNET)[NEED].what
    assert needs(program("server", "--upstream", "10.0.0.0:80"), SERVER, INTERNET) == {}
    assert needs(program("server", "0.0.0.0:8000"), CLIENT, INTERNET) == {}


@pytest.mark.parametrize(
    ("argv", "calls", "refused"),
    [
        (("redis-server", "--port", "1"), SERVER, True),
        (("redis-server", "--version"), SERVER, False),
        (("nginx", "-t"), SERVER, False),
        (("redis-server",), CLIENT, False),
        (("curl", "-o", "x", "https://example.org/"), CLIENT, True),
        (("curl", "file:///etc/passwd"), CLIENT, False),
        (("curl", "--version"), CLIENT, False),
        (("git", "clone", "git@example.org:a/b"), CLIENT, True),
        (("git", "log", "-p"), CLIENT, False),
        (("ssh", "host"), CLIENT, True),
        (("ssh", "-V"), CLIENT, False),
    ],
)
def test_programs_that_are_known(
    argv: tuple[str, ...], calls: dict[str, list[Evidence]], refused: bool
) -> None:
    found = needs(program(*argv, files={f"/bin/{argv[0]}": executable(NOTHING)}), calls, INTERNET)
    assert (NEED in found) is refused
    if refused:
        assert any(each.kind == "rule" for each in found[NEED].evidence)


@pytest.mark.parametrize("call", ["listen", "connect"])
def test_a_main_function_that_does_it(call: str) -> None:
    at = {"socket": [site("socket")], call: [site(call)]}
    assert needs(None, at, {"2": [passing()]})[NEED].evidence[0] == site(call)
    assert needs(None, at, {"1": [passing()]}) == {}  # syslog's socket
    assert needs(None, at, {"2": [passing(source=LIBC)]}) == {}  # of the resolver
    assert needs(None, {"socket": [site("socket")], call: [site(call, DEEP)]}, {"2": [passing()]}) == {}


def test_frames_of_an_interface() -> None:
    sockets = {"socket": [site("__socket")]}
    assert "AF_PACKET" in needs(None, sockets, {"17": [passing()]})[NEED].what
    assert needs(None, sockets, {"17": [passing(source="/lib/libpcap.so.1")]}) == {}
    link = program("other", files={"/bin/other": "#!/bin/server\n"})
    assert needs(link, sockets, {"17": [passing()]}) == {}  # one of many programs in a file


def test_a_wrapper_for_any_call_says_nothing_of_frames() -> None:
    """17 is an argument of some call that Go makes through it."""
    through = Evidence("static", APP, "Syscall6+0xc at 0x4031ec, number from syscall.socket <- Go function")
    passed = passing("os.init to Syscall6 <- Go function")
    assert needs(None, {"socket": [through]}, {"17": [passed]}) == {}


def test_the_programs_own_code_is_shown_before_that_of_libraries() -> None:
    of_library = site("listen", "libxml2.so.2:a <- b <- fini_array")
    listening = {**SERVER, "listen": [of_library, site("listen", DEEP)]}
    domains = {"2": [passing(source=LIBC), *INTERNET["2"]], "*": [passing("a to socketpair <- b")]}
    found = needs(None, listening, domains, expose=("80",))[NEED]
    assert found.evidence[1] == site("listen", DEEP)
    assert found.evidence[2].source == APP
