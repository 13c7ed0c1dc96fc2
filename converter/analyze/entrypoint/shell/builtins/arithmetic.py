"""`let` of bash and ash."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.syntax import Literal, Word
from converter.analyze.entrypoint.shell.values import Status, Unknown


def let(call: Call) -> Status:
    """1 when the last expression is 0."""
    value: str | Unknown = "0"
    for word in call.known():
        value = call.commands.expander.arithmetic(Word((Literal(word, quoted=True),)))
    return value if isinstance(value, Unknown) else int(value == "0")
