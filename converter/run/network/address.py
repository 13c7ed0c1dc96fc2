"""`--ip A/LEN[,gateway=G][,dns=D]`, `--mac`, and the `ip=` tokens that the library OS is told them by."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, NetmaskValueError
from typing import NoReturn

from converter.errors import UsageError
from converter.run.network.model import Address, Interface

_DNS_MAX = 2  # what `ip=` has places for (Linux, nfsroot.rst)
_VENDOR = "52:54:00"  # QEMU's, of its own range


def parse_address(text: str) -> Address | None:
    """None for `dhcp`. UsageError for what is neither that nor an address with its options."""
    if text == "dhcp":
        return None
    written, *options = text.split(",")
    try:
        own = IPv4Interface(written)
    except (AddressValueError, NetmaskValueError, ValueError):
        if ":" in written:
            _refuse(text, "is an IPv6 address: these come by router advertisements")
        _refuse(text, "is no IPv4 address with the length of its network")
    if "/" not in written:
        _refuse(text, "lacks the length of its network, as /24")
    gateway: IPv4Address | None = None
    dns: list[IPv4Address] = []
    for option in options:
        name, _, value = option.partition("=")
        if name not in ("gateway", "dns"):
            _refuse(text, f"has {option!r}, which is neither gateway=G nor dns=D")
        try:
            found = IPv4Address(value)
        except AddressValueError:
            _refuse(text, f"has {value!r}, which is no IPv4 address")
        if name == "dns":
            dns.append(found)
        elif found not in own.network or found == own.ip:
            _refuse(text, f"has the gateway {found}, which is no neighbour of {own}")
        else:
            gateway = found
    if len(dns) > _DNS_MAX:
        _refuse(text, f"has {len(dns)} name servers, and {_DNS_MAX} can be told")
    return Address(own, gateway, tuple(dns))


def parse_mac(text: str) -> str:
    """In lower case. UsageError for what no interface can have: a group's address, or zeros."""
    found = text.lower().replace("-", ":")
    if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", found):
        raise UsageError(
            f"{text[:40]!r} is no MAC address", where="--mac", hint="write it as 52:54:00:12:34:56"
        )
    if int(found[:2], 16) & 1 or found == "00:00:00:00:00:00":
        raise UsageError(
            f"{found} is no address of one interface",
            where="--mac",
            hint="take one that begins with 52:54:00",
        )
    return found


def random_mac() -> str:
    """Two runs on one bridge must differ, and QEMU's own default is always the same."""
    return ":".join((_VENDOR, *(f"{byte:02x}" for byte in secrets.token_bytes(3))))


def ip_tokens(interfaces: Sequence[Interface]) -> list[str]:
    """One a device, in their order: ip=CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:HOW:DNS0:DNS1 (nfsroot.rst)."""
    tokens = []
    for number, interface in enumerate(interfaces):
        device, address = f"eth{number}", interface.address
        if address is None:
            tokens.append("ip=dhcp" if len(interfaces) == 1 else f"ip=:::::{device}:dhcp")
            continue
        fields = [
            str(address.own.ip),
            "",
            str(address.gateway or ""),
            str(address.own.netmask),
            "",
            device,
            "off",
        ]
        tokens.append("ip=" + ":".join([*fields, *map(str, address.dns)]))
    return tokens


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(
        f"{text[:60]!r} {why}", where="--ip", hint="write 10.0.0.2/24,gateway=10.0.0.1,dns=10.0.0.1 or dhcp"
    )
