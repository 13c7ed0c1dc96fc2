"""The small unikernel that tests of formats use."""

from tests.unit.formats.conftest import archive, in_memory, on_disk

__all__ = ["archive", "in_memory", "on_disk"]
