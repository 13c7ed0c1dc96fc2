"""The commands that make a continuum again, all of it or a stop by hand."""

from __future__ import annotations

import shlex
from dataclasses import replace

from converter.options import Options
from converter.report.continuum.running.question import Question
from converter.trace.request import Probe


def commands(
    ref: str, options: Options, probe: Probe | None, question: Question
) -> tuple[tuple[str, str], ...]:
    """Lines for a shell, each with a word of what it makes; without one it goes on with the line before."""
    own = replace(options, target="vm", root="auto").words()
    plain = shlex.join(own)
    port = "" if question.check is None else f"-p {question.check.port}:{question.check.port} "

    def line(verb: str, *words: str) -> str:
        return " ".join(each for each in (f"u2k {verb}", *words, plain, shlex.quote(ref)) if each)

    asked = "" if probe is None else f"--probe {shlex.quote(str(probe))}"
    return (
        ("this page", line("continuum", "-o continuum.html", asked)),
        ("the slim container", line("slim", "-o slim.tar", "--tag slim:1")),
        ("", "docker load -i slim.tar"),
        ("", f"docker run {port}--security-opt seccomp=slim.seccomp.json slim:1"),
        ("the unikernel", line("convert", "-o app.u2k")),
        ("on a process", f"u2k run --on process {port}app.u2k"),
        ("on a machine", f"u2k run --on qemu {port}app.u2k"),
    )
