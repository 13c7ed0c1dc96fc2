"""Stand-ins for the analysis of calls: what is referred to is said, not found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from converter.analyze.calls.model import CodeObject, StaticCalls


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
