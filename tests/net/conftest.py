"""Images and unikernels come as in the end-to-end tests."""

from tests.e2e.conftest import image, shared_folder, u2k, unikernel

__all__ = ["image", "shared_folder", "u2k", "unikernel"]
