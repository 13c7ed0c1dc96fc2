"""The syntax tree of a shell script (POSIX.1-2017, XCU 2.10, and what bash adds: bash(1))."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands, quotes removed; unquoted text may still be a pattern."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name`, `${name}` and `${name OPERATOR argument}` (XCU 2.6.2; bash(1), Parameter Expansion).

    operator: "", "length" (`${#x}`), `-` `:-` `=` `:=` `?` `:?` `+` `:+`, `#` `##` `%` `%%`,
              `/` `//` `/#` `/%`, "substring" (`${x:1:2}`), `^` `^^` `,` `,,`, `@X`,
              "names" (`${!prefix*}`), "keys" (`${!array[@]}`), and "bad" for what the shell does not know
    """

    name: str
    quoted: bool = False
    operator: str = ""
    argument: Word | None = None
    second: Word | None = None  # the replacement, or the length of the substring
    subscript: Word | None = None
    indirect: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(...)` or backquotes."""

    body: Script
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((...))`."""

    expression: Word
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ProcessSubstitution:
    """`<(...)` or `>(...)`."""

    body: Script
    writes: bool = False
    quoted: bool = False


Part = Literal | Parameter | Substitution | Arithmetic | ProcessSubstitution


@dataclass(frozen=True, slots=True)
class Word:
    parts: tuple[Part, ...]
    line: int = 0

    def literal(self) -> str | None:
        """The text of a word that is one unquoted piece of text, so that it can be a reserved word."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal) and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value`, `name+=value`, `name[subscript]=value`, `name=(elements)`."""

    name: str
    value: Word | None
    append: bool = False
    subscript: Word | None = None
    elements: tuple[tuple[Word | None, Word], ...] | None = None  # (subscript, value) of an array


@dataclass(slots=True)
class Document:
    """The text of a here-document: it comes after the line that names it, so it is filled in later."""

    text: Word = field(default_factory=lambda: Word(()))


@dataclass(frozen=True, slots=True)
class Redirect:
    """operator: `<` `>` `>>` `>|` `<>` `<&` `>&` `&>` `&>>` `<<` (with `document`) `<<<`."""

    operator: str
    target: Word
    document: Document | None = None
    descriptor: int | None = None
    variable: str | None = None  # {name}>file


@dataclass(frozen=True, slots=True)
class Simple:
    line: int
    assignments: tuple[Assignment, ...]
    words: tuple[Word | Assignment, ...]  # an assignment only as argument of `local` and its like
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    line: int
    commands: tuple[Command, ...]
    negated: bool = False
    errors_too: bool = False  # `|&` somewhere in it


@dataclass(frozen=True, slots=True)
class AndOr:
    line: int
    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]  # `&&` or `||`, and what follows = ()
    background: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    commands: tuple[AndOr, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`{ ...; }`, and with `subshell` `( ... )`."""

    line: int
    body: Script
    subshell: bool = False
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    line: int
    branches: tuple[tuple[Script, Script], ...]  # (condition, body)
    otherwise: Script | None
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, and with `until` the opposite."""

    line: int
    condition: Script
    body: Script
    until: bool = False
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    line: int
    name: str
    words: tuple[Word, ...] | None  # None: "$@"
    body: Script
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class ArithmeticFor:
    line: int
    start: Word
    condition: Word
    step: Word
    body: Script
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseItem:
    patterns: tuple[Word, ...]
    body: Script
    end: str  # `;;`, `;&` or `;;&`


@dataclass(frozen=True, slots=True)
class Case:
    line: int
    subject: Word
    items: tuple[CaseItem, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    line: int
    name: str
    body: Command
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class ArithmeticCommand:
    """`((...))`."""

    line: int
    expression: Word
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """`[[ ... ]]`: operator with its operands; `word` for a lone word; `!`, `&&`, `||` take conditions."""

    line: int
    operator: str
    operands: tuple[Word | Condition, ...]
    redirects: tuple[Redirect, ...] = field(default=())


Command = Simple | Group | If | Loop | For | ArithmeticFor | Case | Function | ArithmeticCommand | Condition
