"""What goes into the analysis of system calls, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from converter.elf.closure import LibraryClosure
from converter.image.tree import FileTree, Inode
from converter.profile.model import Entries, Evidence, Evidences, Unresolved

# PROGRAM and INTERPRETER: the main program and its loader. LIBRARY: mapped at start, because something needs
# it. PLUGIN: opened by name at run time, so that its exports are called by names that the code may not show.
# PLUGIN_LIBRARY: mapped because a plug-in needs it.
PROGRAM, INTERPRETER, LIBRARY = "program", "interpreter", "library"
PLUGIN, PLUGIN_LIBRARY = "plugin", "plugin library"


@dataclass(frozen=True, slots=True)
class CodeObject:
    """An ELF file that gets mapped. `path` is canonical; `role` is one of the constants above.

    entries: globs of the exports of a plug-in that are looked up by name; empty: any may be
    """

    path: bytes
    inode: Inode
    role: str
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StaticCalls:
    """What the code can do, as far as reading tells.

    syscalls:     name -> the sites that make it, with the chain of callers that leads there
    arguments:    choice (`socket.domain`, `ioctl`, `prctl`, `fcntl`, `clone.flags`, `open.path` ...) -> value
                  -> why; the value `*` stands for one that could not be told
    unresolved:   system call instructions whose number stayed unknown
    open:         why the code may not be all there is (it makes code at run time, for one)
    called:       dynamic symbols that code which can run refers to -> paths of the objects it stands in
    dlopen_names: constant strings that reach the first argument of dlopen -> why
    dlsym_names:  the same for the name that dlsym looks up
    dlopen_any:   dlopen is also called with names that could not be told
    rewritable:   path of an object -> system calls that can be rewritten from the instructions before them:
                  (place of the call in the file, bytes of those instructions)
    texts:        path of an object -> paths of virtual file systems that code which can run gets at
    """

    syscalls: Entries = field(default_factory=dict)
    arguments: Mapping[str, Entries] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()
    open: tuple[str, ...] = ()
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dlopen_names: Mapping[str, Evidences] = field(default_factory=dict)
    dlsym_names: Mapping[str, Evidences] = field(default_factory=dict)
    dlopen_any: bool = False
    rewritable: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    texts: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The same in built-in types."""
        return {
            "syscalls": _plain(self.syscalls),
            "arguments": {choice: _plain(values) for choice, values in self.arguments.items()},
            "unresolved": [dataclasses.astuple(each) for each in self.unresolved],
            "open": self.open,
            "called": dict(self.called),
            "dlopen_names": _plain(self.dlopen_names),
            "dlsym_names": _plain(self.dlsym_names),
            "dlopen_any": self.dlopen_any,
            "rewritable": dict(self.rewritable),
            "texts": dict(self.texts),
        }

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> StaticCalls:
        """The inverse of `plain`."""
        return cls(
            syscalls=_entries(plain["syscalls"]),
            arguments={choice: _entries(values) for choice, values in plain["arguments"].items()},
            unresolved=tuple(Unresolved(*each) for each in plain["unresolved"]),
            open=plain["open"],
            called=plain["called"],
            dlopen_names=_entries(plain["dlopen_names"]),
            dlsym_names=_entries(plain["dlsym_names"]),
            dlopen_any=plain["dlopen_any"],
            rewritable=plain["rewritable"],
            texts=plain["texts"],
        )


_Plain = dict[str, tuple[tuple[str, str, str], ...]]


def _plain(entries: Entries) -> _Plain:
    return {
        name: tuple((each.kind, each.source, each.detail) for each in why) for name, why in entries.items()
    }


def _entries(plain: _Plain) -> dict[str, Evidences]:
    return {name: tuple(Evidence(*each) for each in why) for name, why in plain.items()}


def objects_of(tree: FileTree, closure: LibraryClosure) -> tuple[CodeObject, ...]:
    """The objects of a library closure, in the order in which the loader searches them for symbols."""
    found = [(closure.program, PROGRAM)]
    found += [
        # A variant's code is reached by names that bind to the baseline here: all its exports count.
        (library.real_path, PLUGIN if library.variant else LIBRARY)
        for library in closure.libraries
    ]
    if closure.interpreter is not None:
        found.append((closure.interpreter.real_path, INTERPRETER))
    return tuple(CodeObject(path, tree[path], role) for path, role in found)
