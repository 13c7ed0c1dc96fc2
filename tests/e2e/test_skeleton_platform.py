"""The porting template stays complete: it links with everything above the platform contract."""

from __future__ import annotations

import pytest

from converter.link.architecture import ARCHITECTURES, Architecture
from converter.link.image_header import read_kernel
from converter.link.kernel import link_kernel


@pytest.mark.parametrize("machine", ARCHITECTURES, ids=lambda machine: machine.name)
def test_skeleton_links_with_the_whole_library_os(machine: Architecture) -> None:
    """ld.lld refuses undefined symbols, so a plat_*() that the template lacks fails this."""
    kernel = link_kernel("skeleton", machine)
    made = read_kernel(kernel.path.read_bytes())
    names = {name for name, *_ in made.symbols}
    assert made.machine == machine.machine
    assert {"core_main", "plat_map", "plat_enter"} <= names
