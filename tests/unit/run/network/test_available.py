"""What `u2k doctor` says of networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.run.host import Verdict, passt, tap
from converter.run.network import available


def program(folder: Path, text: str) -> None:
    path = folder / "passt"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_passt_that_stays_that_ends_and_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (passt().verdict, passt().next_step) == (Verdict.OPTIONAL, "apt install passt")
    program(tmp_path, "exec /bin/sleep 60")
    assert passt().verdict is Verdict.GOOD
    program(tmp_path, "echo 'no namespaces here' >&2; exit 3")
    found = passt()
    assert found.verdict is Verdict.OPTIONAL
    assert found.found == "passt ended with status 3: no namespaces here"
    assert found.next_step == "use --network user"


def test_tap_devices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(available, "_TUN", tmp_path / "tun")
    assert tap().verdict is Verdict.OPTIONAL and "No such file" in tap().found
    (tmp_path / "tun").touch()
    assert tap().verdict is Verdict.GOOD
