import struct

from converter.run.control import (
    EXIT,
    SIGNAL,
    WINDOW,
    MessageReader,
    exit_status,
    signal_message,
    window_message,
)


def test_messages_look_as_the_header_says() -> None:
    assert signal_message(15) == struct.pack("<HHI", SIGNAL, 4, 15)
    assert window_message(24, 80) == struct.pack("<HHHH", WINDOW, 4, 24, 80)


def test_a_stream_cut_anywhere_gives_the_same_messages() -> None:
    stream = struct.pack("<HHI", EXIT, 4, 7) + struct.pack("<HH", 99, 0) + struct.pack("<HH3s", 5, 3, b"abc")
    whole = list(MessageReader().feed(stream))
    assert whole == [(EXIT, struct.pack("<I", 7)), (99, b""), (5, b"abc")]
    for cut in range(len(stream)):
        reader = MessageReader()
        assert [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])] == whole


def test_status_is_a_byte_and_a_short_message_has_none() -> None:
    assert exit_status(struct.pack("<I", 0x1FF)) == 0xFF
    assert exit_status(b"\1") is None
