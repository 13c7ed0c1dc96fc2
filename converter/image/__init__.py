"""Container images: references, sources, the blob cache, and layers as one file tree."""

from converter.image.blobs import BlobCache
from converter.image.model import Healthcheck, HistoryEntry, Image, ImageConfig, Layer
from converter.image.open import file_tree, open_image
from converter.image.platform import Platform
from converter.image.progress import Progress, Silent
from converter.image.tree import Deletion, FileKind, FileTree, Inode, Span

__all__ = [
    "BlobCache",
    "Deletion",
    "FileKind",
    "FileTree",
    "Healthcheck",
    "HistoryEntry",
    "Image",
    "ImageConfig",
    "Inode",
    "Layer",
    "Platform",
    "Progress",
    "Silent",
    "Span",
    "file_tree",
    "open_image",
]
