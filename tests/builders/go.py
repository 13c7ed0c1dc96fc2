"""Programs as the Go linker leaves them: an ELF file with a list of modules in it."""

from __future__ import annotations

from tests.builders.elves import EXEC, elf

MODULES = (
    "path\tcommand\nmod\texample.com/app\t(devel)\t\n"
    "dep\tgithub.com/a/b\tv1.2.3\th1:x=\ndep\tgithub.com/old\tv1\n=>\tgithub.com/new\tv2\th1:y=\nbuild\tCGO=0\n"
)


def _varint(text: bytes) -> bytes:
    size, out = len(text), b""
    while size >= 0x80:
        out += bytes([size & 0x7F | 0x80])
        size >>= 7
    return out + bytes([size]) + text


def go_program(info: bytes) -> bytes:
    """A program with `info` at the next multiple of 16, inside its only segment."""
    data = elf(kind=EXEC, entry=0x400040, dynamic=False)
    data += bytes(-len(data) % 16) + info
    return data[:96] + len(data).to_bytes(8, "little") * 2 + data[112:]  # p_filesz, p_memsz


def build_info(version: bytes = b"go1.22.1 X:boring", modules: str = MODULES, flags: int = 2) -> bytes:
    head = b"\xff Go buildinf:" + bytes([8, flags]) + bytes(16)
    return head + _varint(version) + _varint(b"m" * 16 + modules.encode() + b"e" * 16)
