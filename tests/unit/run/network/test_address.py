from __future__ import annotations

import pytest

from converter.errors import UsageError
from converter.run.network.address import ip_tokens, parse_address, parse_mac, random_mac
from converter.run.network.model import Interface


def tokens(*addresses: str) -> list[str]:
    return ip_tokens([Interface("tap", "", "t", parse_address(each)) for each in addresses])


def test_tokens_are_those_of_linux() -> None:
    """nfsroot.rst: ip=<client>:<server>:<gw>:<netmask>:<hostname>:<device>:<autoconf>:<dns0>:<dns1>."""
    assert tokens("10.0.2.15/24,gateway=10.0.2.2,dns=10.0.2.3") == [
        "ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off:10.0.2.3"
    ]
    assert tokens("dhcp") == ["ip=dhcp"]
    assert tokens("10.1.0.1/8") == ["ip=10.1.0.1:::255.0.0.0::eth0:off"]
    assert tokens("dhcp", "10.1.0.1/31,dns=1.1.1.1,dns=9.9.9.9") == [
        "ip=:::::eth0:dhcp",
        "ip=10.1.0.1:::255.255.255.254::eth1:off:1.1.1.1:9.9.9.9",
    ]
    assert tokens() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no IPv4"),
        ("10.0.0.1", "length"),
        ("10.0.0.1/33", "no IPv4"),
        ("10.0.0/24", "no IPv4"),
        ("fd00::2/64", "router advertisements"),
        ("10.0.0.1/24,gateway=10.0.1.1", "no neighbour"),
        ("10.0.0.1/24,gateway=10.0.0.1", "no neighbour"),
        ("10.0.0.1/24,gateway=", "no IPv4"),
        ("10.0.0.1/24,mtu=9000", "neither"),
        ("10.0.0.1/24,", "neither"),
        ("10.0.0.1/24,dns=1.1.1.1,dns=1.1.1.2,dns=1.1.1.3", "3 name servers"),
    ],
)
def test_what_is_no_address(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_address(text)


def test_mac_addresses() -> None:
    assert parse_mac("52-54-00-AB-cd-01") == "52:54:00:ab:cd:01"
    assert parse_mac(random_mac()) != parse_mac(random_mac())
    for wrong in (
        "",
        "52:54:00:12:34",
        "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "x" * 17,
    ):
        with pytest.raises(UsageError):
            parse_mac(wrong)
