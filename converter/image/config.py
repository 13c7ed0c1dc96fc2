"""An image's configuration out of its JSON (OCI image-spec, config.md)."""

from __future__ import annotations

from converter.errors import IncompatibleImageError
from converter.image.digest import checked_digest
from converter.image.document import Document
from converter.image.model import Healthcheck, HistoryEntry, ImageConfig
from converter.image.platform import Platform


def parse_config(data: bytes, where: str) -> ImageConfig:
    """Errors: SourceError when a field has another type than the specification says."""
    top = Document.parse(data, where)
    run, rootfs = top.object("config"), top.object("rootfs")
    return ImageConfig(
        architecture=top.text("architecture"),
        os=top.text("os"),
        variant=top.text("variant") or None,
        entrypoint=run.texts("Entrypoint"),
        cmd=run.texts("Cmd"),
        env=run.texts("Env"),
        user=run.text("User"),
        working_dir=run.text("WorkingDir"),
        exposed_ports=run.keys("ExposedPorts"),
        volumes=run.keys("Volumes"),
        stop_signal=run.text("StopSignal"),
        healthcheck=_healthcheck(run),
        labels=run.text_map("Labels"),
        shell=run.texts("Shell"),
        history=tuple(_history(entry) for entry in top.objects("history")),
        diff_ids=tuple(
            checked_digest(digest, f"{where}, rootfs.diff_ids") for digest in rootfs.texts("diff_ids")
        ),
        created=top.text("created"),
    )


def _healthcheck(run: Document) -> Healthcheck | None:
    check = run.object("Healthcheck")
    test = check.texts("Test")
    if not test:
        return None
    return Healthcheck(
        test,
        check.number("Interval"),
        check.number("Timeout"),
        check.number("StartPeriod"),
        check.number("Retries"),
        check.number("StartInterval"),
    )


def _history(entry: Document) -> HistoryEntry:
    return HistoryEntry(
        entry.text("created"),
        entry.text("created_by"),
        entry.text("author"),
        entry.text("comment"),
        entry.flag("empty_layer"),
    )


def check_platform(config: ImageConfig, wanted: Platform, where: str) -> None:
    """Errors: IncompatibleImageError when the image is for another system than `wanted`."""
    if config.os and config.os != wanted.os:
        raise IncompatibleImageError(
            f"this is a {config.os} image; only {wanted.os} images become unikernels",
            where=where,
            hint="choose an image, or a tag, for Linux",
        )
    if config.architecture and config.architecture != wanted.architecture:
        raise IncompatibleImageError(
            f"there is no image for {wanted}, only for {config.platform}",
            where=where,
            hint=f"convert with --platform {config.platform}",
        )
