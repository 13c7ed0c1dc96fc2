"""`u2k doctor`: what this host can run, and what to install."""

from __future__ import annotations

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json

EXAMPLES = examples("u2k doctor", "u2k doctor --json")


def command(as_json: Json = False) -> None:
    """Show what this host can run, and what to install for more.

    Each line was tried, not guessed. Exit status: 0 when unikernels can be run here in at least one way.
    """
    from converter.run.host import Verdict, diagnose
    from converter.trace import sandbox

    found = diagnose(sandbox.check())
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(found), indent=2))
    else:
        name_width = max(len(check.name) for check in found.checks)
        for check in found.checks:
            print(f"{check.verdict.value:<8}  {check.name:<{name_width}}  {check.found}")
            if check.next_step is not None and check.verdict is not Verdict.GOOD:
                print(f"{'':<8}  {'':<{name_width}}  next: {check.next_step}")
        print()
        print("u2k run can use: " + (", ".join(found.ways) or "nothing; see the next steps above"))
    raise typer.Exit(0 if found.ways else 1)
