from ipaddress import ip_address

import pytest

from converter.errors import UsageError
from converter.run.network.model import Publication
from converter.run.network.publish import exposed, parse_publication

ANY = ip_address("0.0.0.0")


@pytest.mark.parametrize(
    ("text", "ip", "hosts", "guest", "protocol"),
    [
        ("8080:80", "0.0.0.0", (8080,), 80, "tcp"),
        ("80", "0.0.0.0", (), 80, "tcp"),
        (":80", "0.0.0.0", (), 80, "tcp"),
        ("53:53/udp", "0.0.0.0", (53,), 53, "udp"),
        ("53:53/UDP", "0.0.0.0", (53,), 53, "udp"),
        ("127.0.0.1:8080:80", "127.0.0.1", (8080,), 80, "tcp"),
        ("127.0.0.1::80/tcp", "127.0.0.1", (), 80, "tcp"),
        ("[::1]:8080:80", "::1", (8080,), 80, "tcp"),
        ("8000-8002:80", "0.0.0.0", (8000, 8001, 8002), 80, "tcp"),
    ],
)
def test_forms(text: str, ip: str, hosts: tuple[int, ...], guest: int, protocol: str) -> None:
    (found,) = parse_publication(text)
    assert found == Publication(guest, protocol, ip_address(ip), hosts)  # type: ignore[arg-type]


def test_ranges() -> None:
    assert parse_publication("8000-8001:80-81") == (
        Publication(80, "tcp", ANY, (8000,)),
        Publication(81, "tcp", ANY, (8001,)),
    )
    assert [each.hosts for each in parse_publication("80-82")] == [(), (), ()]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no port"),
        ("x", "no port"),
        ("80:", "no port"),
        ("0:80", "from 1 to"),
        ("80:65536", "from 1 to"),
        ("80:999999999999999", "no port"),
        ("81-80:1", "from 1 to"),
        ("8-9-10:1", "no port"),
        ("-80:80", "no port"),
        ("80:80/sctp", "sctp"),
        ("80:80/", "no port"),
        ("8000-8002:80-81", "3 ports of the host for 2"),
        ("1.2.3.4.5:80:80", "no address"),
        ("[1::2::3]:80:80", "no address"),
        ("127.0.0.1:80", "no place"),
        ("80:80:80", "no port"),
        ("8080:80\n", "no port"),
        ("\u0664\u0662:80", "no port"),
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        parse_publication(text)
    assert refused.value.where == "-p"
    assert refused.value.hint is not None


def test_exposed_ports() -> None:
    found = list(exposed(("80/tcp", "53/udp", "9/sctp")))
    assert found == [Publication(80, "tcp"), Publication(53, "udp")]
