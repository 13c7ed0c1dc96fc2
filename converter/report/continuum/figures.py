"""The figures of each stop that need no run, each counted by one method at all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from converter.analyze.packages.model import Packages
from converter.container.slim import SlimContainer
from converter.image.blobs import BlobCache
from converter.image.layer_store import plain_layer
from converter.image.model import Image
from converter.image.progress import Progress
from converter.image.tree import FileTree, Span
from converter.link.catalogue import syscall_numbers
from converter.link.kernel import Kernel
from converter.link.unikernel import Unikernel
from converter.profile.seccomp import RUNTIME
from converter.report.container_calls import let_through
from converter.report.contents import contents
from converter.report.continuum.kernel_code import host_code, linked_code
from converter.report.continuum.model import Figures
from converter.report.continuum.packed import packed_sizes


@dataclass(frozen=True, slots=True)
class Artefacts:
    """What the stops are made of. `unikernels`: by target, with the kernel of each."""

    image: Image
    image_tree: FileTree
    slim: SlimContainer
    root: FileTree
    packages: Packages
    calls: Collection[str]
    unikernels: Mapping[str, tuple[Kernel, Unikernel]]


def figures(made: Artefacts, progress: Progress) -> dict[str, Figures]:
    """By stop. Some seconds, most of them for compressing. Raises SourceError when cached layers are gone."""
    kernel, _ = made.unikernels["vm"]
    known = syscall_numbers(kernel.machine)
    host = host_code()
    layers = plain_layers(made.image, progress)
    files = {target: Span(0, each.size, each.path) for target, (_, each) in made.unikernels.items()}
    sizes = packed_sizes([*layers, *files.values()], progress)
    packed = dict(zip(files, sizes[len(layers) :], strict=True))
    root = contents(made.root, made.packages)
    found = {
        "container": Figures(
            sum(layer.length for layer in layers),
            sum(sizes[: len(layers)]),
            contents(made.image_tree, made.packages),
            len(let_through(known)),
            host,
        ),
        "slim": Figures(
            made.slim.layer.plain_size,
            made.slim.layer.size,
            root,
            len(set(known) & {*made.calls, *RUNTIME}),
            host,
        ),
    }
    for target, (linked, unikernel) in made.unikernels.items():
        found[target] = Figures(
            unikernel.size, packed[target], root, len(unikernel.manifest.syscalls), linked_code(linked)
        )
    return found


def plain_layers(image: Image, progress: Progress) -> Sequence[Span]:
    """Where the plain tars of an image's layers lie. Errors: SourceError."""
    cache = BlobCache()
    return [plain_layer(layer, cache, progress) for layer in image.layers]
