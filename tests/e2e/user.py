"""A user of `u2k` who has nothing yet: no logins, no settings, no image; and what they then set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from converter.cache.folder import default_root

_LEFT_OUT = ("DOCKER_", "CONTAINER", "U2K_", "XDG_", "REGISTRY_", "REQUESTS_", "SSL_", "CURL_")
_COMPILED = ("libos", "zig", "kernels")  # in the cache, and the same for all
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass
class User:
    """home: their folder. more: further variables of the environment."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cache = self.home / "cache"
        cache.mkdir()
        for name in _COMPILED:
            (default_root() / name).mkdir(parents=True, exist_ok=True)
            (cache / name).symlink_to(default_root() / name)

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_LEFT_OUT) and name.upper() not in _PROXIES
        }
        return {
            **kept,
            "HOME": str(self.home),
            "U2K_CACHE_DIR": str(self.home / "cache"),
            "PYTHONPATH": ":".join(filter(None, map(os.path.abspath, sys.path))),
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            **self.more,
        }

    @property
    def config(self) -> Path:
        """docker's config.json."""
        return self.home / ".docker/config.json"

    def logins(self, **config: object) -> None:
        """docker's config.json has this."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(json.dumps(config))

    def registries(self, text: str) -> None:
        """registries.toml has this."""
        path = self.home / ".config/u2k/registries.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def forgets(self) -> None:
        """No image is in the cache any more."""
        for name in ("blobs", "layers"):
            shutil.rmtree(self.home / "cache" / name, ignore_errors=True)

    def u2k(self, *words: str | Path, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """`u2k WORDS`, as its own process."""
        command = [sys.executable, "-m", "converter", *map(str, words)]
        return subprocess.run(
            command,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.environment, **more},
            timeout=300,
            check=False,
        )

    def succeeds(self, *words: str | Path, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        done = self.u2k(*words, stdin=stdin, **more)
        assert done.returncode == 0, done.stderr
        return done

    def fails(
        self, *words: str | Path, says: tuple[str, ...], status: int = 4, stdin: str = "", **more: str
    ) -> str:
        """Ends with `status` and an error with a next step that says all of `says`; gives what it said."""
        done = self.u2k(*words, stdin=stdin, **more)
        assert done.returncode == status, f"{done.returncode}: {done.stdout} {done.stderr}"
        assert "\nu2k: error: " in f"\n{done.stderr}", done.stderr
        assert "\n  next: " in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        for part in says:
            assert part in done.stderr, done.stderr
        return done.stderr
