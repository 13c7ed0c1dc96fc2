"""TCP exchanges, segment by segment: the same script against our stack and against the host's Linux."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.net import stacks
from tests.net.frames import ACK, FIN, RST, SYN, Options, Segment
from tests.net.link import can_make_networks, namespace
from tests.net.peer import Connection
from tests.net.stacks import Subject

MODERN = Options(mss=1460, sack_permitted=True, timestamp=(1000, 0), window_scale=7)
PLAIN = Options(mss=1460)
_ports = iter(range(20000, 60000))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stacks.build_subject(tmp_path_factory.mktemp("subject"))


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Path:
    return stacks.build_unikernel(tmp_path_factory.mktemp("unikernel"), program)


@pytest.fixture(params=["linux", "process"])
def subject(request: pytest.FixtureRequest, program: Path) -> Iterator[Subject]:
    if request.param == "process":
        with stacks.unikernel(request.getfixturevalue("executable")) as made:
            yield made
        return
    reason = can_make_networks()
    if reason is not None:
        pytest.skip(reason)
    with namespace("u2k-wire") as where, stacks.linux(program, where) as made:
        yield made


def connected(
    subject: Subject, options: Options = PLAIN, port: int = 7, **given: int
) -> tuple[Connection, int]:
    """A connection that we made to the program, and its descriptor there."""
    listener = subject.do(f"listen {port} 16")
    connection = Connection(subject.peer, next(_ports), port, **given)
    connection.open(options)
    return connection, subject.do(f"accept {listener}")


def read_all(subject: Subject, fd: int, n: int) -> int:
    """Read `n` bytes in as many calls as it takes: what came until then."""
    got = 0
    while got < n:
        part = subject.do(f"read {fd} {n - got}")
        if part == 0:
            break
        got += part
    return got


def bare_ack(segment: Segment) -> bool:
    return segment.flags == ACK and not segment.payload


# ---- handshake ----


def test_handshake_with_modern_options(subject: Subject) -> None:
    listener = subject.do("listen 7 16")
    connection = Connection(subject.peer, next(_ports), 7)
    answer = connection.open(MODERN)
    assert answer.options.mss == 1460
    assert answer.options.sack_permitted
    assert answer.options.window_scale is not None
    assert answer.options.timestamp is not None
    assert answer.options.timestamp[1] == 1000
    subject.do(f"accept {listener}")


def test_options_that_were_not_offered_do_not_come(subject: Subject) -> None:
    subject.do("listen 7 16")
    answer = Connection(subject.peer, next(_ports), 7).open(PLAIN)
    assert answer.options == Options(mss=1460)


def test_closed_port_resets(subject: Subject) -> None:
    connection = Connection(subject.peer, next(_ports), 9)
    connection.send("S", options=PLAIN)
    answer = connection.expect("R.", lambda s: s.ack == connection.iss + 1 and s.seq == 0)
    assert answer.window == 0


def test_a_stray_acknowledgement_is_reset_with_its_number(subject: Subject) -> None:
    connection = Connection(subject.peer, next(_ports), 9, irs=777, acked=5)
    connection.send(".")
    connection.expect("R", lambda s: s.seq == 782)


def test_lost_syn_ack_is_sent_again(subject: Subject) -> None:
    subject.do("listen 7 16")
    connection = Connection(subject.peer, next(_ports), 7)
    connection.send("S", options=PLAIN)
    first = connection.expect("S.")
    again = connection.expect("S.", seconds=4)
    assert (first.seq, first.ack) == (again.seq, again.ack)


def test_syn_again_gets_the_same_syn_ack(subject: Subject) -> None:
    subject.do("listen 7 16")
    connection = Connection(subject.peer, next(_ports), 7)
    first = connection.segment("S", options=PLAIN)
    subject.peer.send(first)
    one = connection.expect("S.")
    subject.peer.send(first)
    two = connection.expect("S.")
    assert one.seq == two.seq


def test_active_open(subject: Subject) -> None:
    subject.begin(f"connect {stacks.HERE} 99")
    port = None
    while port is None:
        segment = subject.peer.receive(3)
        assert segment is not None, subject.peer.story()
        port = segment.source if segment.destination == 99 else None
    connection = Connection(subject.peer, 99, port)
    assert segment.options.mss == 1460
    assert segment.options.sack_permitted
    connection.irs, connection.acked = segment.seq, 1
    connection.send("S.", options=PLAIN)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    assert subject.answer()[0] == "ok"


def test_refused_active_open(subject: Subject) -> None:
    subject.begin(f"connect {stacks.HERE} 99")
    segment = subject.peer.receive(3)
    assert segment is not None
    connection = Connection(subject.peer, 99, segment.source, irs=segment.seq, acked=1)
    subject.peer.send(connection.segment("R.", seq=0))
    assert subject.answer() == ["error", str(errno.ECONNREFUSED)]


def test_reset_with_a_wrong_number_does_not_refuse(subject: Subject) -> None:
    subject.begin(f"connect {stacks.HERE} 99")
    segment = subject.peer.receive(3)
    assert segment is not None
    connection = Connection(subject.peer, 99, segment.source, irs=segment.seq, acked=1)
    subject.peer.send(connection.segment("R.", seq=0, ack=segment.seq + 77))
    connection.send("S.", options=PLAIN)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    assert subject.answer()[0] == "ok"


def test_simultaneous_open(subject: Subject) -> None:
    subject.begin(f"connect {stacks.HERE} 99")
    segment = subject.peer.receive(3)
    assert segment is not None
    connection = Connection(subject.peer, 99, segment.source, irs=segment.seq)
    connection.send("S", options=PLAIN)
    connection.expect("S.", lambda s: connection.ack(s) == 1)
    connection.acked = 1
    connection.send(".")
    assert subject.answer()[0] == "ok"


# ---- data ----


def test_data_both_ways(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.send("P.", b"x" * 100)
    assert subject.do(f"read {fd} 1000") == 100
    connection.expect(".", lambda s: connection.ack(s) == 101)
    subject.do(f"write {fd} 256")
    assert connection.collect(256) == bytes(range(256))


def test_reordered_segments_are_put_in_order(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.inject(".", 1 + 100, b"b" * 100)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    connection.inject(".", 1, b"a" * 100)
    connection.expect(".", lambda s: connection.ack(s) == 201)
    assert read_all(subject, fd, 200) == 200


def test_sack_tells_what_came_out_of_order(subject: Subject) -> None:
    connection, _ = connected(subject, MODERN)
    connection.inject(".", 1 + 100, b"b" * 100)
    first = connection.expect(".", lambda s: connection.ack(s) == 1)
    base = connection.iss + 1
    assert first.options.sack == ((base + 100, base + 200),)
    connection.inject(".", 1 + 400, b"d" * 100)
    second = connection.expect(".", lambda s: connection.ack(s) == 1)
    assert second.options.sack == ((base + 400, base + 500), (base + 100, base + 200))
    connection.inject(".", 1, b"a" * 100)
    third = connection.expect(".", lambda s: connection.ack(s) == 201)
    assert third.options.sack == ((base + 400, base + 500),)


def test_duplicate_data_is_told_by_dsack(subject: Subject) -> None:
    connection, fd = connected(subject, MODERN)
    connection.send("P.", b"x" * 100)
    assert subject.do(f"read {fd} 100") == 100
    connection.expect(".", lambda s: connection.ack(s) == 101)
    connection.inject("P.", 1, b"x" * 100)
    again = connection.expect(".", lambda s: connection.ack(s) == 101)
    base = connection.iss + 1
    assert again.options.sack == ((base, base + 100),)


def test_lost_data_is_sent_again_after_a_time_out(subject: Subject) -> None:
    connection, fd = connected(subject, MODERN)
    subject.do(f"write {fd} 100")
    first = connection.expect(".", lambda s: len(s.payload) == 100)
    again = connection.expect(".", lambda s: len(s.payload) == 100)
    assert again.seq == first.seq
    connection.acked += 100
    connection.send(".")
    connection.silent(1)


def test_three_duplicate_acknowledgements_bring_a_fast_retransmission(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"write {fd} 14600")
    sent = [connection.expect(".", lambda s: len(s.payload) > 0) for _ in range(10)]
    assert [connection.seq(each) for each in sent] == [1 + 1460 * n for n in range(10)]
    for _ in range(4):
        connection.send(".")
    first = connection.expect(".", lambda s: len(s.payload) > 0, skip=lambda s: connection.seq(s) > 14600)
    assert connection.seq(first) == 1


def test_sack_brings_back_only_what_is_missing(subject: Subject) -> None:
    connection, fd = connected(subject, MODERN)
    subject.do(f"write {fd} 14480")
    size = 1448
    sent = [connection.expect(".", lambda s: len(s.payload) == size) for _ in range(10)]
    assert connection.seq(sent[9]) == 1 + 9 * size
    # The third is missing: the first two are acknowledged, the others reported.
    connection.acked += 2 * size
    base = connection.irs + connection.acked
    stamp = (1001, connection.echo)
    for n in range(4, 11):
        options = Options(timestamp=stamp, sack=((base + size, base + (n - 2) * size),))
        connection.send(".", options=options)
    again = connection.expect(".", lambda s: len(s.payload) > 0)
    assert again.seq & 0xFFFFFFFF == base & 0xFFFFFFFF
    connection.acked += 8 * size
    connection.send(".", options=Options(timestamp=(1002, connection.echo)))
    connection.silent(0.5)


# ---- windows ----


def test_zero_window_is_probed(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.window = 0
    connection.send("P.", b"x")  # the answer says that the window is known
    connection.expect(".", lambda s: connection.ack(s) == 2)
    subject.do(f"write {fd} 100")
    probe = connection.expect(".", seconds=3)
    assert len(probe.payload) <= 1
    connection.send(".")
    connection.expect(".", lambda s: len(s.payload) <= 1, seconds=3)
    connection.window = 65535
    connection.send(".")
    assert len(connection.collect(100)) == 100


def test_a_window_that_fills_closes_and_opens_again(subject: Subject) -> None:
    connection, fd = connected(subject)
    window = None
    while window != 0:
        connection.send(".", b"x" * 1460)
        answer = connection.receive(1)
        window = answer.window if answer else window
        assert connection.next < 32 << 20, subject.peer.story()
        if answer is not None and window is not None and window < 1460:
            break
    received = read_all(subject, fd, connection.next - 1 - 1460)
    assert received > 0
    opened = connection.expect(".", skip=lambda s: s.window < 1460)
    assert opened.window >= 1460


def test_the_peers_window_is_kept(subject: Subject) -> None:
    connection, fd = connected(subject, window=2000)
    subject.begin(f"write {fd} 10000")
    got = 0
    while got < 2000:
        segment = connection.expect(".", seconds=3)
        got += len(segment.payload)
    assert got == 2000
    connection.silent(0.15)
    connection.acked += got
    connection.window = 65535
    connection.send(".")
    assert len(connection.collect(8000)) == 8000


# ---- closing ----


def test_the_program_closes_first(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"close {fd}")
    connection.expect("F.", lambda s: connection.seq(s) == 1)
    connection.acked += 1
    connection.send(".")
    connection.send("F.")
    connection.expect(".", lambda s: connection.ack(s) == 2)
    # TIME-WAIT: a late FIN is acknowledged again.
    connection.inject("F.", 1)
    connection.expect(".", lambda s: connection.ack(s) == 2)


def test_the_peer_closes_first(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.send("F.")
    connection.expect(".", lambda s: connection.ack(s) == 2)
    assert subject.do(f"read {fd} 10") == 0
    subject.do(f"write {fd} 10")
    assert len(connection.collect(10)) == 10
    subject.do(f"close {fd}")
    connection.expect("F.")
    connection.acked += 1
    connection.send(".")
    connection.silent(0.3)


def test_simultaneous_close(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"close {fd}")
    connection.expect("F.")
    connection.send("F.")  # it does not acknowledge theirs
    connection.expect(".", lambda s: connection.ack(s) == 2)
    connection.acked += 1
    connection.send(".")
    connection.silent(0.3)


def test_half_closed_program_still_reads(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"shutdown {fd}")
    connection.expect("F.")
    connection.acked += 1
    connection.send(".")
    connection.send("P.", b"y" * 50)
    connection.expect(".", lambda s: connection.ack(s) == 51)
    assert subject.do(f"read {fd} 100") == 50


def test_closing_with_unread_data_resets(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.send("P.", b"z" * 50)
    connection.expect(".", lambda s: connection.ack(s) == 51)
    subject.do(f"close {fd}")
    connection.expect("R.", lambda s: connection.seq(s) == 1)


def test_linger_of_zero_resets(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"reset {fd}")
    connection.expect("R.", lambda s: connection.seq(s) == 1)


def test_a_reset_is_told_to_the_program(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.send("R.")
    subject.begin(f"read {fd} 10")
    assert subject.answer() == ["error", str(errno.ECONNRESET)]


# ---- attacks (RFC 5961) ----


def test_a_reset_elsewhere_in_the_window_is_challenged(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.inject("R", 1 + 1000)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    connection.send("P.", b"still there")
    assert subject.do(f"read {fd} 100") == 11


def test_a_reset_outside_the_window_is_not_heard(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.inject("R", -5000)
    connection.silent(0.2)
    connection.send("P.", b"still there")
    assert subject.do(f"read {fd} 100") == 11


def test_a_syn_in_a_connection_is_challenged(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.inject("S", 1 + 10, options=PLAIN)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    connection.send("P.", b"still there")
    assert subject.do(f"read {fd} 100") == 11


def test_data_with_an_acknowledgement_of_what_was_never_sent_is_dropped(subject: Subject) -> None:
    connection, fd = connected(subject)
    connection.inject("P.", 1, b"forged", ack=connection.irs + 1_000_000)
    connection.expect(".", lambda s: connection.ack(s) == 1)
    connection.send("P.", b"true")
    assert subject.do(f"read {fd} 100") == 4


# ---- timestamps (RFC 7323) ----


def test_timestamps_are_echoed(subject: Subject) -> None:
    connection, fd = connected(subject, MODERN)
    connection.clock = 2000
    connection.send("P.", b"tick")
    assert subject.do(f"read {fd} 10") == 4
    answer = connection.expect(".")
    assert answer.options.timestamp is not None
    assert answer.options.timestamp[1] == 2000


def test_old_timestamps_are_refused(subject: Subject) -> None:
    connection, fd = connected(subject, MODERN)
    connection.clock = 2000
    connection.send("P.", b"new")
    assert subject.do(f"read {fd} 10") == 3
    connection.expect(".", lambda s: connection.ack(s) == 4)
    connection.clock = 500
    connection.inject("P.", connection.next, b"old")
    connection.expect(".", lambda s: connection.ack(s) == 4)
    connection.clock = 2001
    connection.send("P.", b"newer")
    assert subject.do(f"read {fd} 10") == 5


def test_timestamps_wrap(subject: Subject) -> None:
    late = Options(mss=1460, sack_permitted=True, timestamp=(0xFFFFFFF0, 0), window_scale=7)
    connection, fd = connected(subject, late)
    for clock in (0xFFFFFFFA, 3, 20):
        connection.clock = clock
        connection.send("P.", b"wrap")
        assert subject.do(f"read {fd} 10") == 4
        answer = connection.expect(".")
        assert answer.options.timestamp is not None
        assert answer.options.timestamp[1] == clock


def test_sequence_numbers_wrap(subject: Subject) -> None:
    connection, fd = connected(subject, PLAIN, iss=0xFFFFFFF0)
    connection.send("P.", b"x" * 100)
    assert subject.do(f"read {fd} 200") == 100
    connection.expect(".", lambda s: connection.ack(s) == 101)


# ---- keep-alive ----


def test_an_idle_peer_is_asked(subject: Subject) -> None:
    connection, fd = connected(subject)
    subject.do(f"set {fd} keepalive 1")
    probe = connection.expect(".", seconds=4)
    assert connection.seq(probe) == 0
    connection.send(".")
    again = connection.expect(".", seconds=4)
    assert connection.seq(again) == 0


@pytest.mark.parametrize("letters", ["", "F", "FS", "SR", "FSRP.U"])
def test_odd_flags_harm_nobody(subject: Subject, letters: str) -> None:
    connection, fd = connected(subject)
    connection.inject(letters, -100_000, b"odd")
    while (answer := connection.receive(0.2)) is not None:
        assert not answer.flags & (SYN | FIN | RST), subject.peer.story()
    connection.send("P.", b"still there")
    assert subject.do(f"read {fd} 100") == 11
