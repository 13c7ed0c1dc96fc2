"""`u2k cache`: what is kept to be faster the next time, and making it smaller."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json

SHOW_EXAMPLES = examples("u2k cache show", "u2k cache show --json | jq '.kinds[].bytes'")
KEY_EXAMPLES = examples("u2k cache key")
PRUNE_EXAMPLES = examples(
    "u2k cache prune",
    "u2k cache prune --size 2G",
    "u2k cache prune --older 30d --dry-run",
    "u2k cache prune --all",
)
app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.command("show", short_help="Show how much is kept, and where.", epilog=SHOW_EXAMPLES)
def show(as_json: Json = False) -> None:
    """Show what the cache holds by kind: how many, how much disk, and the limit that it is kept within."""
    from converter.cache.folder import default_root
    from converter.cache.pruning import limit, totals
    from converter.report.text import binary

    kinds = totals()
    whole = sum(each.size for each in kinds)
    if as_json:
        import json

        told = [{"kind": each.kind, "items": each.items, "bytes": each.size} for each in kinds]
        print(
            json.dumps(
                {"folder": str(default_root()), "limit": limit(), "bytes": whole, "kinds": told}, indent=2
            )
        )
        return
    print(f"{default_root()} (U2K_CACHE_DIR), at most {binary(limit())} (U2K_CACHE_LIMIT)")
    for each in kinds:
        print(f"  {each.kind:<12} {each.items:>7}  {binary(each.size):>10}  {each.what}")
    print(f"  {'all':<12} {sum(each.items for each in kinds):>7}  {binary(whole):>10}")


@app.command("key", short_help="Say what CI should know this cache by.", epilog=KEY_EXAMPLES)
def key() -> None:
    """Print a name that changes whenever this u2k would not use what another one has kept."""
    from converter import __version__
    from converter.conversion_cache.tool import tool_digest

    print(f"u2k-{__version__}-{tool_digest()[:16]}")


@app.command("prune", short_help="Remove what was not used for long.", epilog=PRUNE_EXAMPLES)
def prune(
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="SIZE", help="Leave at most this much; by default U2K_CACHE_LIMIT, or 20G."
        ),
    ] = None,
    older: Annotated[
        str | None,
        typer.Option("--older", metavar="TIME", help="Remove all that was not used for this long: 12h, 30d."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove all, what was used within the last hour as well.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove from the cache what was not used for the longest time. All of it can be made again.

    What was used within the last hour stays, but for --all: do not give that while u2k is at work.
    """
    from converter.cache.pruning import limit, parse_age, remove, surplus
    from converter.errors import UsageError
    from converter.report.text import binary
    from converter.sizes import parse_bytes

    if everything and (size is not None or older is not None):
        raise UsageError("--all leaves nothing to choose", hint="leave --size and --older away")
    if everything:
        gone = surplus(0, spare=False)
    else:
        age = None if older is None else parse_age(older, "--older")
        kept = (
            None
            if age is not None and size is None
            else limit()
            if size is None
            else parse_bytes(size, "--size")
        )
        gone = surplus(kept, age)
    freed = sum(item.size for item in gone) if dry_run else remove(gone)
    if as_json:
        import json

        told = [{"kind": item.kind, "path": str(item.path), "bytes": item.size} for item in gone]
        print(json.dumps({"removed": not dry_run, "bytes": freed, "items": told}, indent=2))
        return
    for item in gone if dry_run else ():
        print(f"{item.kind}: {item.path}: {binary(item.size)}")
    print(f"{'would remove' if dry_run else 'removed'} {len(gone)}, {binary(freed)}")
