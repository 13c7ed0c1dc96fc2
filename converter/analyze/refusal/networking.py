"""Programs whose work is on the network; one that only can use it is no such program (docs/refusals.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from converter.analyze.refusal.certain import certain_call
from converter.analyze.refusal.frames import belongs_to, frames, in_main, is_generic, main_frame, passed_to
from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.reviewed import reviewed_programs
from converter.profile.model import Evidence, Evidences

_NEED = "networking"
_INTERNET = ("2", "10")  # AF_INET, AF_INET6 (address_families(7)); the same on all architectures
_PACKET = "17"  # AF_PACKET
_ANY = "*"
_SOCKET_HANDLER = "socket"
# What strace showed: `tcp 0.0.0.0:80 listen`. A connected datagram socket may be a mere look-up of names.
_SEEN = re.compile(r"(tcp|raw) .*(listen|connect|bind)|udp .*(?<!:0) bind|AF_PACKET.*")
_MAKERS = frozenset(("socket", "__socket"))
_NEAR = 4  # functions between main and the one that makes a socket
# An address to listen on at any interface, with its port.
_WILDCARD = re.compile(r"(?:^|[\s'\"=/@])((?:0\.0\.0\.0|\[::\]):[0-9]{1,5})(?![0-9])")


def networking(facts: Facts) -> Iterator[Refusal]:
    """One refusal at most: by the first kind of evidence that there is, the strongest first."""
    if _SOCKET_HANDLER in facts.handlers:
        return
    rules: tuple[Callable[[Facts], Refusal | None], ...] = (
        _seen, _exposed, _told_to_listen, _known_by_name, _in_main, _for_certain, _raw_frames,
    )  # fmt: skip
    found = next(filter(None, (rule(facts) for rule in rules)), None)
    if found is not None:
        yield found


def _seen(facts: Facts) -> Refusal | None:
    """A run used the network."""
    seen = {
        name: why
        for name, evidence in facts.profile.sockets.items()
        if (why := facts.strongest(each for each in evidence if each.kind == "dynamic"))
        and _SEEN.fullmatch(name)
    }
    if not seen:
        return None
    evidence = tuple(Evidence("dynamic", why.source, f"{name}; {why.detail}") for name, why in seen.items())
    return Refusal(_NEED, f"was seen to use the network: {next(iter(seen))}", evidence[:4])


def _exposed(facts: Facts) -> Refusal | None:
    """The image says on which ports its program is served, and the code can do that."""
    streams = [str(port) for port in facts.ports if port.protocol != "udp"]
    datagrams = [str(port) for port in facts.ports if port.protocol == "udp"]
    for names, call in ((streams, "listen"), (datagrams, "bind")):
        if not names:
            continue
        evidence = _internet(facts, facts.why(call))
        if evidence:
            listed = " ".join(names[:8]) + (" ..." if len(names) > 8 else "")
            declared = Evidence("static", "the image", f"EXPOSE {listed}")
            return Refusal(_NEED, f"serves {listed} (EXPOSE), and its code can {call}", (declared, *evidence))
    return None


def _told_to_listen(facts: Facts) -> Refusal | None:
    """The command line names an address that can only be listened on."""
    address = _WILDCARD.search(facts.command_line)
    evidence = _internet(facts, facts.why("listen", "bind"))
    if address is None or not evidence:
        return None
    said = Evidence("static", "the command line", facts.command_line)
    return Refusal(_NEED, f"is told to listen on {address[1]}", (said, *evidence))


def _known_by_name(facts: Facts) -> Refusal | None:
    """A program that is known to be a server, or a client that is given an address."""
    for role, calls in (("server", ("listen", "bind")), ("client", ("connect", "sendto"))):
        reviewed = next(reviewed_programs(role, facts), None)
        evidence = _internet(facts, facts.why(*calls))
        if reviewed is not None and evidence:
            return Refusal(_NEED, f"is a {role}: {reviewed.reason}", (reviewed.evidence, *evidence))
    return None


def _in_main(facts: Facts) -> Refusal | None:
    """The main function itself waits for connections, or makes one: it is what the program is for."""
    for call, what in (("listen", "waits for connections"), ("connect", "connects")):
        sites = [each for each in facts.profile.syscalls.get(call, ()) if in_main(each, facts.path)]
        domains = facts.profile.arguments.get("socket.domain", {})
        passed = facts.strongest(
            each for value in _INTERNET for each in domains.get(value, ()) if each.source == facts.path
        )
        site = facts.strongest(sites)
        if site is not None and passed is not None:
            return Refusal(_NEED, f"{what} in its main function", (site, _domain(passed)))
    return None


def _for_certain(facts: Facts) -> Refusal | None:
    """An internet socket is made whatever happens, and code that uses it is there."""
    domains = facts.profile.arguments.get("socket.domain", {})
    own = [each for value in _INTERNET for each in domains.get(value, ()) if each.source == facts.path]
    use = facts.why("listen", "connect", "bind", "sendto")
    for passed in own if use is not None else ():
        number = main_frame(passed, facts.path)
        if number is None or number > _NEAR:
            continue
        main = frames(passed)[number].function
        site = certain_call(facts.resolution.tree, facts.path, main, _MAKERS)
        if site is not None and site.caller == frames(passed)[0].function:
            certain = f"{site.caller} at {site.address:#x} calls {site.name}, on each way from {main}"
            evidence = (Evidence("static", facts.path, certain), _domain(passed), *([use] if use else []))
            return Refusal(_NEED, "makes an internet socket whatever happens", evidence)
    return None


def _raw_frames(facts: Facts) -> Refusal | None:
    """The program's own code opens a packet socket; in a multi-call binary that may be another program's."""
    sites = facts.profile.syscalls.get("socket", ())
    direct = {frames(each)[0].function for each in sites if not is_generic(each)}
    passed = facts.strongest(
        each
        for each in facts.profile.arguments.get("socket.domain", {}).get(_PACKET, ())
        if each.source == facts.path and passed_to(each) in direct
    )
    site = facts.strongest(each for each in sites if belongs_to(each, facts.path))
    if facts.multi_call or passed is None or site is None:
        return None
    return Refusal(_NEED, "works on the frames of network interfaces (AF_PACKET)", (site, _domain(passed)))


def _internet(facts: Facts, site: Evidence | None) -> Evidences:
    """The site and who asks for an internet socket; empty unless both are there.

    What goes through a wrapper for any system call (Go) is no evidence for people: it may be of another call.
    """
    domains = facts.profile.arguments.get("socket.domain", {})
    known = [each for value in (*_INTERNET, _ANY) for each in domains.get(value, ())]
    if site is None or not known:
        return ()
    sites = facts.profile.syscalls.get("socket", ())
    generic = {frames(each)[0].function for each in sites if is_generic(each)}
    direct = [
        each for each in known if "socketpair" not in passed_to(each) and passed_to(each) not in generic
    ]
    own = [each for each in direct if each.source == facts.path]
    domain = facts.strongest(own or direct)
    return (site,) if domain is None else (site, _domain(domain))


def _domain(passed: Evidence) -> Evidence:
    return Evidence(passed.kind, passed.source, f"socket's domain from {passed.detail}")
