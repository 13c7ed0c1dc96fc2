"""What of a loaded object is there for the loader and not for the program: headers, tables of linking.

gABI, "Program Loading and Dynamic Linking".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from converter.elf.memory import ElfMemory, first_segment

_PT_DYNAMIC, _PT_PHDR = 2, 6
_EHDR_SIZE, _SYM_SIZE = 64, 24
_DT_SYMTAB = 6
_SIZED = ((7, 8), (23, 2), (17, 18), (36, 35))  # DT_RELA, DT_JMPREL, DT_REL, DT_RELR with their sizes


def loader_tables(memory: ElfMemory, tags: Mapping[int, int], symbols: int) -> Iterator[tuple[int, int]]:
    """[start, end) of each, as addresses; `symbols` is the number of dynamic symbols."""
    for load in memory.elf.loads:
        if load.offset == 0:
            yield load.vaddr, load.vaddr + _EHDR_SIZE
    for kind in (_PT_PHDR, _PT_DYNAMIC):
        segment = first_segment(memory.elf, kind)
        if segment is not None:
            yield segment.vaddr, segment.vaddr + segment.filesz
    for table, size in _SIZED:
        if tags.get(table):
            yield tags[table], tags[table] + tags.get(size, 0)
    if tags.get(_DT_SYMTAB):
        yield tags[_DT_SYMTAB], tags[_DT_SYMTAB] + symbols * _SYM_SIZE
