"""`u2k batch`: many images become unikernels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import NoCache

EXAMPLES = examples(
    "u2k batch images.yaml -o unikernels --jobs 4 --keep-going",
    "u2k batch images.yaml -o unikernels --resume --report junit.xml",
    "u2k batch images.yaml -o unikernels --shard 2/4 --report s.sarif",
    "u2k batch - -o unikernels < images.txt",
    "u2k batch images.yaml -o unikernels --scheduler tcp://10.0.0.1:8786",
)


def command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            show_default=False,
            help="YAML: a list of images with options. Or one reference a line. -: standard input.",
        ),
    ],
    folder: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where unikernels and journal go."),
    ],
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", metavar="N", min=1, max=256, help="How many images at once.")
    ] = 1,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Convert only each N-th image, from the I-th on."),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="Convert the others when one cannot be.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier batch was ended, if there was one.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Forget the journal of an earlier batch, and begin anew.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0.1, help="The most for one image."),
    ] = 3600,
    retries: Annotated[
        int,
        typer.Option("--retries", metavar="N", min=0, max=20, help="Tries after a source failed."),
    ] = 2,
    retry_delay: Annotated[
        float,
        typer.Option("--retry-delay", metavar="SECONDS", min=0, help="The wait before; doubled each time."),
    ] = 2.0,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="What all jobs may take together; else most of what is free. On a cluster: each image.",
        ),
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what came of it: x.jsonl, x.xml (JUnit), x.sarif, x.md. Can be repeated.",
        ),
    ] = None,
    push: Annotated[
        str | None,
        typer.Option("--push", metavar="PREFIX", help="Push each to a registry, as PREFIX/NAME:TAG."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Convert on the machines of this Dask scheduler (tcp://...).",
        ),
    ] = None,
    no_cache: NoCache = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object an image on standard output, nothing else.")
    ] = False,
) -> None:
    """Convert many images: by several processes or machines, going on after whatever ended an earlier run.

    Exit status: 0 all were converted, 6 not all were, 2 the file or the command line makes no sense,
    1 the results cannot be written.
    """
    from converter.batch.batch_file import read_batch
    from converter.batch.local import Limits
    from converter.batch.memory import budget
    from converter.batch.reports.json_lines import json_lines
    from converter.batch.reports.markdown import counts
    from converter.batch.reports.writing import checked_name, report_of
    from converter.batch.run import Batch, exit_code, journal_path, pushed_to, run_local, run_on_cluster
    from converter.batch.run import shard as shard_of
    from converter.cli.batch_progress import Shown
    from converter.cli.progress import shown
    from converter.output import check_target, results_folder, text_file
    from converter.sizes import parse_bytes

    tasks = read_batch(file)
    if shard is not None:
        tasks = shard_of(tasks, shard)
    if push is not None:
        tasks = pushed_to(tasks, push)
    given = None if memory is None else parse_bytes(memory, "--memory")
    limit = budget(given, jobs) if scheduler is None else (given or 0) * jobs
    for path in reports or ():
        checked_name(path)
        check_target(path, force=True, text=True, option="--report")
    results_folder(folder)
    batch = Batch(tasks, folder, journal_path(folder, shard), resume, force, keep_going)
    limits = Limits(jobs, limit, timeout, retries, retry_delay)
    with Shown(len(tasks)) as observer:
        if scheduler is not None:
            results = run_on_cluster(batch, limits, observer, scheduler, reuse=not no_cache)
        else:
            results = run_local(batch, limits, observer, shown(as_json), reuse=not no_cache)
    named = "standard input" if file == "-" else file
    for path in reports or ():
        text_file(path, report_of(results, named, path))
    if as_json:
        print(json_lines(results, named), end="")
    else:
        print(f"{len(results)} images: {counts(results)}" if results else "no image in this shard")
    raise typer.Exit(exit_code(results))
