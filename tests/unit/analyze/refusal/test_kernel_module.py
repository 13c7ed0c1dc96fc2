"""Programs that load modules into the kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders.trees import program as executable
from tests.unit.analyze.entrypoint.images import NOTHING, resolved
from tests.unit.analyze.refusal.facts import needs, program, site

NEED = "kernel modules"


@pytest.mark.parametrize("call", ["init_module", "finit_module", "delete_module"])
def test_its_own_code(call: str) -> None:
    assert needs(None, {call: [site(call)]})[NEED].evidence == (site(call),)
    assert needs(None, {call: [site(call, "libkmod.so.2:f <- g")]}) == {}
    assert needs(None, {call: [site(call)]}, handlers=("init_module", "finit_module", "delete_module")) == {}


def test_one_of_many_programs_in_a_file() -> None:
    calls = {"init_module": [site("f", source="/bin/server")]}
    link = program("other", files={"/bin/other": "#!/bin/server\n"})
    assert needs(link, calls) == {}
    busybox = program("busybox", "cat", files={"/bin/busybox": executable(NOTHING)})
    assert needs(busybox, {"init_module": [site("f", source="/bin/busybox")]}) == {}


@pytest.mark.parametrize("name", ["modprobe", "insmod", "kmod"])
def test_programs_that_are_known(name: str) -> None:
    found = needs(program(name, "x", files={f"/bin/{name}": executable(NOTHING)}))
    assert found[NEED].evidence[0].kind == "rule"


def test_a_script_that_has_them_loaded() -> None:
    found = resolved("modprobe tun || true\nexec server", files={"/bin/modprobe": executable(NOTHING)})
    assert "/entry.sh, line 2: runs modprobe" in needs(found)[NEED].evidence[0].detail
    # A run without the right to load modules came to its program all the same.
    assert needs(replace(found, decided_by="trace", undecided=None)) == {}
    assert NEED not in needs(resolved("worker || true\nexec server"))
