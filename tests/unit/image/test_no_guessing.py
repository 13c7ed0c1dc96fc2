"""requests is there, and what it can do without is not."""

from __future__ import annotations

import subprocess
import sys


def run(script: str) -> str:
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_package_is_not_loaded_and_can_be_later() -> None:
    script = (
        "import sys, converter.image.registry.transport, requests\n"
        "before = 'charset_normalizer' in sys.modules\n"
        "import charset_normalizer\n"
        "print(before, requests.get is not None, charset_normalizer.__name__)"
    )
    assert run(script) == "False True charset_normalizer"


def test_text_without_an_encoding_is_utf8() -> None:
    script = (
        "import converter.image.registry.transport, requests\n"
        "reply = requests.Response()\n"
        "reply._content = 'Grüße'.encode()\n"
        "print(reply.text == 'Grüße')"
    )
    assert run(script) == "True"
