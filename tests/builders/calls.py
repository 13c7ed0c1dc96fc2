"""Stand-ins for the analysis of calls: what is referred to is said, not found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from converter.analyze.calls.model import CodeObject, StaticCalls
from converter.elf.closure import elf_at
from converter.elf.memory import ElfMemory
from converter.elf.symbols import dynamic_symbols
from converter.image.tree import FileTree


def referring(
    *,
    called: Mapping[str, Sequence[str]] | None = None,
    dlopen_any: bool = False,
    seen: list[list[str]] | None = None,
) -> Callable[[Sequence[CodeObject]], StaticCalls]:
    """An analysis: `called` has the symbols by the path of the object that refers to them."""

    def analyse(objects: Sequence[CodeObject]) -> StaticCalls:
        paths = [each.path.decode() for each in objects]
        if seen is not None:
            seen.append(paths)
        found: dict[str, tuple[str, ...]] = {}
        for path in paths:
            for symbol in (called or {}).get(path, ()):
                found[symbol] = (*found.get(symbol, ()), path)
        return StaticCalls(called=found, dlopen_any=dlopen_any)

    return analyse


def importing(tree: FileTree) -> Callable[[Sequence[CodeObject]], StaticCalls]:
    """An analysis that takes every import for referred to, and all names of dlopen for unknown."""
    kept: dict[bytes, tuple[str, ...]] = {}

    def imports(each: CodeObject) -> tuple[str, ...]:
        if each.path not in kept:
            memory = ElfMemory(tree.read(each.inode, 1 << 30), elf_at(tree, each.path, each.inode))
            symbols = dynamic_symbols(memory, memory.dynamic())
            kept[each.path] = tuple(symbol.name.decode() for symbol in symbols if not symbol.defined)
        return kept[each.path]

    def analyse(objects: Sequence[CodeObject]) -> StaticCalls:
        called = {each.path.decode(): imports(each) for each in objects}
        return referring(called=called, dlopen_any=True)(objects)

    return analyse
