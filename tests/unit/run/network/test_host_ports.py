from __future__ import annotations

import socket

import pytest

from converter.errors import RunError
from converter.run.network.host_ports import open_ports
from converter.run.network.publish import parse_publication

LOCAL = "127.0.0.1:"


def test_a_free_port_is_found_and_served() -> None:
    with open_ports([*parse_publication("127.0.0.1::80"), *parse_publication("127.0.0.1::53/udp")]) as ports:
        tcp, udp = ports.published
        assert str(tcp) == f"127.0.0.1:{tcp.host}->80/tcp"
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", tcp.host)) != 0  # nobody is there yet
        assert [port for port, _ in ports.listening()] == [tcp, udp]
        with socket.create_connection(("127.0.0.1", tcp.host)):
            pass
    with socket.socket() as after:
        assert after.connect_ex(("127.0.0.1", tcp.host)) != 0


def test_what_is_taken_is_said_with_the_next_step() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(RunError, match=f"port {port}/tcp of 127.0.0.1 is in use") as refused:
            open_ports(parse_publication(f"{LOCAL}{port}:80"))
        assert refused.value.run_status == 125
        assert f":{port}" in str(refused.value.hint)


def test_of_a_range_the_first_free_port_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with open_ports(parse_publication(f"{LOCAL}{port}-{min(port + 20, 65535)}:80")) as ports:
            assert ports.published[0].host > port


def test_two_that_bind_the_same_port_find_out() -> None:
    """Before anybody listens both may have it; the second to listen is told."""
    with open_ports(parse_publication("127.0.0.1::80")) as first:
        number = first.published[0].host
        with open_ports(parse_publication(f"{LOCAL}{number}:80")) as second:
            first.listening()
            with pytest.raises(RunError, match="in use"):
                second.listening()


def test_an_address_of_another_host() -> None:
    with pytest.raises(RunError, match="cannot be bound") as refused:
        open_ports(parse_publication("192.0.2.77:8080:80"))
    assert refused.value.hint is not None
