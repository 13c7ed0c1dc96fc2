"""What an image, or a unikernel, is made for: operating system and architecture."""

from __future__ import annotations

from dataclasses import dataclass

from converter.errors import UsageError


@dataclass(frozen=True, slots=True)
class Platform:
    """An OCI platform (image-spec, image-index.md): GOOS and GOARCH names."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str | None = None

    def __str__(self) -> str:
        tail = f"/{self.variant}" if self.variant else ""
        return f"{self.os}/{self.architecture}{tail}"

    @classmethod
    def parse(cls, text: str) -> Platform:
        """`linux/amd64`, `linux/arm64/v8`, or an architecture alone (`arm64`, `x86_64`, `aarch64`)."""
        names = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
        parts = text.lower().split("/")
        if len(parts) == 1:
            parts = ["linux", parts[0]]
        if len(parts) > 3 or not all(parts):
            raise UsageError(f"{text!r} is no platform", hint="write linux/amd64 or linux/arm64")
        return cls(parts[0], names.get(parts[1], parts[1]), parts[2] if len(parts) == 3 else None)
