"""Names for shell completion, looked up only when a shell asks."""

from __future__ import annotations


def system_calls(incomplete: str) -> list[str]:
    """Of every architecture: the platform may not be typed yet."""
    from converter.link.architecture import ARCHITECTURES
    from converter.link.catalogue import syscall_numbers

    names = {name for machine in ARCHITECTURES for name in syscall_numbers(machine)}
    return sorted(name for name in names if name.startswith(incomplete))


def parts(incomplete: str) -> list[str]:
    """Those of the library OS that can be chosen."""
    from converter.link.parts import all_parts

    return [part.name for part in all_parts() if part.optional and part.name.startswith(incomplete)]


def system_calls_and_parts(incomplete: str) -> list[str]:
    """What --drop takes."""
    return [*system_calls(incomplete), *parts(incomplete)]


def run_names(incomplete: str) -> list[str]:
    """All runs that have one."""
    return _runs(incomplete, ended=True)


def going_run_names(incomplete: str) -> list[str]:
    """Those that have not ended."""
    return _runs(incomplete, ended=False)


def _runs(incomplete: str, *, ended: bool) -> list[str]:
    from converter.errors import U2kError
    from converter.runs.folder import known_runs

    try:
        found = [state for _, state in known_runs() if ended or state.going]
    except U2kError:
        return []
    return [state.name for state in found if state.name.startswith(incomplete)]
