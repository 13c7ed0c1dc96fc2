"""The small scripts of `scripts/`, by name."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "scripts"


def load(table: str) -> dict[str, str]:
    """`### NAME` begins each; what stands above the first is for people."""
    parts = (FOLDER / f"{table}.txt").read_text(encoding="utf-8").split("\n### ")[1:]
    return {name: text.rstrip("\n") + "\n" for name, _, text in (part.partition("\n") for part in parts)}


ALL = ("both", "corners", "tools", "entrypoints")  # tables for each shell
TABLES = {"dash": (*ALL, "dash"), "bash": (*ALL, "bash", "bash_corners"), "ash": (*ALL, "ash")}
TABLES["posix/sh"] = (*ALL, "bash_as_sh")  # bash by another name
OF_USERS = {"dash": ("users",), "bash": ("users", "bash_users"), "ash": ("users",)}
