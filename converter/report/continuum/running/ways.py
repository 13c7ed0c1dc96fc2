"""How each stop is run on this host, or why it is not."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.container.archive import PLAIN, StoredLayer, write_archive
from converter.errors import RunError, SourceError, U2kError
from converter.image.model import Image
from converter.image.tree import Span
from converter.link.architecture import architecture
from converter.link.unikernel import Unikernel
from converter.options import Options
from converter.report.continuum.running.engine import ContainerWay, Engine, new_name
from converter.report.continuum.running.runc import Bundle, RuncWay, why_not
from converter.report.continuum.running.sample import Way
from converter.report.continuum.running.unikernel import UnikernelWay
from converter.run.process import ProcessRunner
from converter.run.qemu import QemuRunner
from converter.run.request import Runner

Slim = Callable[[str], Path]


@dataclass(frozen=True, slots=True)
class Here:
    """One stop on this host: `how` it is run, by `way`; None: not at all, and `how` says why."""

    how: str
    way: Way | None


def unikernel_ways(process: Unikernel, machine: Unikernel) -> dict[str, Here]:
    """For the two platforms."""
    qemu = QemuRunner()
    works, why = qemu.kvm(machine.manifest)
    emulated = f"QEMU, emulating the processor (no KVM: {why})"
    return {
        "process": _by(ProcessRunner(), process, "A Linux process in a seccomp sandbox"),
        "vm": _by(qemu, machine, "QEMU with KVM" if works else emulated),
    }


def _by(runner: Runner, unikernel: Unikernel, how: str) -> Here:
    reason = runner.available(unikernel.manifest)
    return Here(how, UnikernelWay(unikernel.path, runner)) if reason is None else Here(reason, None)


@contextlib.contextmanager
def container_ways(
    image: Image,
    layers: Sequence[Span],
    slim: Slim,
    seccomp: str,
    options: Options,
    folder: Path,
    bundles: Mapping[str, Bundle],
) -> Iterator[dict[str, Here]]:
    """For both containers: by a Docker engine that answers, which forgets them at the end; else by runc.

    layers: plain tars of the image's
    slim:   writes the slim container under a name, and says where
    bundles: the same for runc, by stop
    """
    reason = _not_native(image.config.architecture)
    with contextlib.ExitStack() as stack:
        found: dict[str, Here] = {}
        try:
            if reason is None:
                engine = stack.enter_context(Engine())
                whole, small = new_name("container"), new_name("slim")
                engine.load(_whole_archive(image, layers, whole, folder))
                engine.load(slim(small))
                how = f"Docker Engine {engine.version}"
                own = options.entrypoint, options.args, options.env
                found = {
                    "container": Here(
                        f"{how}, with its default seccomp profile", ContainerWay(engine, whole, None, *own)
                    ),
                    "slim": Here(
                        f"{how}, with the seccomp profile of its own", ContainerWay(engine, small, seccomp)
                    ),
                }
        except (SourceError, RunError) as error:
            reason = str(error)
        if not found and _not_native(image.config.architecture) is None:
            without = why_not()
            if without is None:
                found = {name: _by_runc(name, bundle, folder) for name, bundle in bundles.items()}
            reason = f"{reason}; {without}"
        yield found or {name: Here(reason or "", None) for name in ("container", "slim")}


def _by_runc(stop: str, bundle: Bundle, folder: Path) -> Here:
    profile = "the seccomp profile of its own" if stop == "slim" else "docker's default list of system calls"
    try:
        return Here(f"runc, with {profile}", RuncWay(bundle, folder / f"runc-{stop}"))
    except U2kError as error:
        return Here(str(error), None)


def _not_native(oci: str) -> str | None:
    machine = architecture(oci).name
    if machine != platform.machine() or platform.system() != "Linux":
        return f"this host is {platform.system()} on {platform.machine()}, the container is for {machine}"
    return None


def _whole_archive(image: Image, layers: Sequence[Span], name: str, folder: Path) -> Path:
    """The image as it is, with plain layers: an engine keeps the same of it, and has it sooner."""
    path = folder / "container.tar"
    stored = []
    for layer, span in zip(image.layers, layers, strict=True):
        if span.blob is None:
            raise ValueError("a layer of no file")
        stored.append(StoredLayer(span.blob, span.offset, span.length, layer.diff_id, PLAIN))
    with path.open("wb") as out:
        write_archive(out, name, image.raw_config, stored)
    return path
