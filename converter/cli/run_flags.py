"""Options of `u2k run` that are about its network, and about runs that go on by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.flags import one_of

Publish = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--publish",
        metavar="[IP:][HOST:]GUEST[/tcp|udp]",
        help="Serve the program's port GUEST on the host's HOST. Can be repeated.",
    ),
]
PublishAll = Annotated[
    bool, typer.Option("-P", "--publish-all", help="Publish all ports that the image EXPOSEs, on free ones.")
]
Networks = Annotated[
    list[str] | None,
    typer.Option(
        "--network",
        metavar="user|tap:NAME|passt|none",
        help="What it is connected to; again for more interfaces. Default: user, if it uses sockets.",
        autocompletion=one_of("user", "tap:", "passt", "none"),
    ),
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--ip",
        metavar="A/LEN[,gateway=G][,dns=D]|dhcp",
        help="The interface's address. Default: dhcp, or what a user network has.",
        autocompletion=one_of("dhcp"),
    ),
]
Macs = Annotated[
    list[str] | None,
    typer.Option("--mac", metavar="52:54:00:..", help="The interface's MAC address. Default: a random one."),
]
Detach = Annotated[
    bool,
    typer.Option("-d", "--detach", help="It goes on by itself; prints its name. See u2k ps, logs, stop."),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="What u2k ps, logs, stop and rm call it. Default with -d: any."
    ),
]
Remove = Annotated[bool, typer.Option("--rm", help="Leave nothing of it in u2k ps -a when it has ended.")]
NoHealthcheck = Annotated[
    bool, typer.Option("--no-healthcheck", help="Do not check what the image's HEALTHCHECK asks.")
]
