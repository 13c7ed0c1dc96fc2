"""python -m tests.recall [NAME...] [--json FILE] [--list]: static sets against strace, all images or some.

Needs root, strace, skopeo, umoci. Images are built from Debian packages (fixtures/); those of the larger set
are looked for in $U2K_CORPUS. Exit status: 0 all calls are in the static sets; 1 one is missed, or a session
failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.recall import recording, subject
from tests.recall.comparison import Comparison, compare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recall", description=__doc__)
    parser.add_argument("name", nargs="*", help="of a file in tests/recall/images; by default all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    parser.add_argument("--list", action="store_true", help="show the names")
    options = parser.parse_args()
    if options.list:
        print("\n".join(subject.names()))
        return 0
    if reason := recording.missing():
        parser.error(reason)
    found: list[Comparison] = []
    broken: list[str] = []
    for name in options.name or subject.names():
        try:
            found += _one(name, broken)
        except subject.Absent as reason:
            print(f"{name}: left out: {reason}", flush=True)
        except (RuntimeError, ValueError) as error:
            broken.append(f"{name}: {error}")
            print(f"{name}: {error}", flush=True)
    misses = sum(len(each.misses) for each in found)
    print(f"{len(found)} programs, {misses} misses, {len(broken)} sessions that failed")
    if options.json:
        document = {"programs": [each.document() for each in found], "failures": broken}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if misses or broken else 0


def _one(name: str, broken: list[str]) -> list[Comparison]:
    chosen = subject.load(name)
    archive = chosen.archive()
    recorded = recording.record(chosen, archive)
    for failure in recorded.failures:
        broken.append(f"{name}: {failure}")
        print(f"{name}: session failed: {failure}", flush=True)
    found = compare(chosen, archive, recorded)
    for each in found:
        print("\n".join(each.lines()), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
