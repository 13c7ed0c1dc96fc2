"""From an image's command to the program that runs in the end, by reading alone; or why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from converter.analyze.command import encode
from converter.analyze.entrypoint.outcome import Outcome, read_entrypoint
from converter.analyze.entrypoint.shell.values import Value, shown, to_bytes, to_text
from converter.analyze.entrypoint.shell.world import MAX_STEPS, Foreign, Launch, World
from converter.analyze.program import Program, as_launched, find_program
from converter.errors import IncompatibleImageError
from converter.image.model import ImageConfig
from converter.image.tree import FileTree

MAX_READINGS = 64  # sets of answers to what only a run shows


@dataclass(frozen=True, slots=True)
class Resolution:
    """The program that runs in the end, and how that was found.

    program:    if `undecided`, what the image names: the shell with its script
    tree:       with the effects of the script, if it was read through; folders that docker makes included
    decided_by: `image` (no script says otherwise), `script` or `user`
    reasons:    the steps, in order
    undecided:  which line does what reading can't tell; None if all was read
    presumed:   with `undecided`: what runs if all that is in doubt goes well
    waited:     the program is what a script starts last, in a process of its own; the shell only waits for it
    umask:      of the program (umask(2))
    background: processes that the script leaves running beside the program
    runs:       programs that the script runs and waits for, unread
    forks:      places where the script makes a process: what it runs and waits for, pipelines, substitutions
    kept_args:  how many words of argv stay when CMD is replaced at run time; None: CMD can't be replaced,
                because the script was read for this one
    """

    program: Program
    tree: FileTree
    decided_by: str
    reasons: tuple[str, ...] = ()
    undecided: str | None = None
    presumed: Program | None = None
    waited: bool = False
    umask: int = 0o022
    background: tuple[str, ...] = ()
    runs: tuple[Foreign, ...] = ()
    forks: tuple[str, ...] = ()
    kept_args: int | None = 0


def resolve(
    config: ImageConfig,
    tree: FileTree,
    *,
    entrypoint: Sequence[str] | None = None,
    args: Sequence[str] | None = None,
    program: Sequence[str] | None = None,
    env: Sequence[str] = (),
) -> Resolution:
    """The program that an image runs in the end.

    entrypoint, args, env: as with `docker run`; `program` is run instead of what the image says
    Raises IncompatibleImageError for whatever would keep the image's own command from starting.
    """
    if env:
        config = replace(config, env=(*config.env, *env))
    if program is not None:
        found = find_program(config, tree, entrypoint=program)
        named = f"the user names {shown(to_text(b' '.join(found.argv)))}"
        return Resolution(found, found.with_missing_folders(tree), "user", (named,), kept_args=None)
    base = find_program(config, tree, entrypoint=entrypoint, args=args)
    start = base.with_missing_folders(tree)
    outcomes, complete = _readings(base, start, config)
    kept = len(config.entrypoint if entrypoint is None else entrypoint)
    itself = Resolution(base, start, "image", _named(base), kept_args=kept)
    going = [outcome for outcome in outcomes if outcome.kind != "gives up"]
    first = going[0] if going else outcomes[0]
    itself = replace(
        itself,
        background=tuple(first.world.background),
        runs=tuple({str(each): each for each in first.world.foreign}.values()),
        forks=tuple(first.world.forks),
    )
    if not going:
        return replace(itself, undecided=first.why, reasons=itself.reasons + first.steps)
    undecided = next((outcome for outcome in going if outcome.kind == "undecided"), None)
    if undecided is None and not complete:
        return replace(
            itself,
            undecided="the script depends on more than can be tried here",
            reasons=itself.reasons + first.steps,
        )
    if undecided is None and len({outcome.signature for outcome in going}) > 1:
        undecided = replace(first, why=_parting(first))
    if undecided is not None:
        return replace(itself, undecided=undecided.why, reasons=itself.reasons + undecided.steps)
    if first.kind == "itself":
        stays = "the script ends by itself: the shell that runs it is the program"
        return replace(itself, reasons=(*itself.reasons, *first.steps, stays))
    return _decided(config, itself, first, outcomes, args)


def _named(program: Program) -> tuple[str, ...]:
    chain = [to_text(script.path) for script in program.executable.scripts]
    steps = [f"the image names {shown(to_text(b' '.join(program.argv)), 200)}"]
    return (*steps, *(f"{shown(path)} is a script" for path in chain))


def _readings(base: Program, tree: FileTree, config: ImageConfig) -> tuple[list[Outcome], bool]:
    """One reading for each way through what only a run tells, the likely first; and whether that is all."""
    outcomes: list[Outcome] = []
    choices: tuple[bool, ...] | None = ()
    steps = 0
    while choices is not None and len(outcomes) < MAX_READINGS and steps < MAX_STEPS:
        world = World(tree, config.architecture, choices)
        outcomes.append(read_entrypoint(world, _first_launch(base, world)))
        steps += world.steps
        taken = list(world.taken)
        while taken and not taken[-1]:
            taken.pop()
        choices = (*taken[:-1], False) if taken else None
    return outcomes, choices is None


def _first_launch(base: Program, world: World) -> Launch:
    env: dict[str, Value] = {to_text(name): to_text(value) for name, value in base.environment.items()}
    env.setdefault("HOSTNAME", world.hostname)
    cwd = base.cwd if base.cwd in world.tree else b"/"
    argv = tuple(map(to_text, base.argv))
    return Launch(to_text(base.executable.path), argv, env, to_text(cwd), base.user, first=True)


def _parting(first: Outcome) -> str:
    where = first.world.assumed[0] if first.world.assumed else "the script"
    return f"{where}, and what runs, or what is prepared for it, depends on that"


def _decided(
    config: ImageConfig,
    itself: Resolution,
    first: Outcome,
    outcomes: list[Outcome],
    args: Sequence[str] | None,
) -> Resolution:
    launch, world = first.launch, first.world
    assert launch is not None
    reasons = [*itself.reasons, *first.steps, *world.notes, *_assumptions(first, outcomes), *_effects(first)]
    if any(isinstance(value, str) is False for value in launch.argv):
        return replace(itself, undecided=world.doubts[0], reasons=tuple(reasons))
    tree = world.files.tree() if not world.doubts else itself.tree
    try:
        program = _program(config, world.files.tree(), itself.program, launch)
    except IncompatibleImageError as error:
        return replace(itself, undecided=str(error), reasons=tuple(reasons))
    if world.doubts:
        return replace(
            itself,
            undecided=world.doubts[0],
            presumed=program,
            waited=first.waited,
            reasons=tuple(reasons),
        )
    if launch.umask != 0o022:
        reasons.append(f"its umask is {launch.umask:03o}")
    decided_by = "script" if first.read else "image"
    kept = _kept_args(config, itself, program, args) if not first.read else None
    return replace(
        itself,
        program=program,
        tree=tree,
        decided_by=decided_by,
        reasons=tuple(reasons),
        waited=first.waited,
        umask=launch.umask,
        kept_args=kept,
    )


def _kept_args(
    config: ImageConfig, itself: Resolution, program: Program, args: Sequence[str] | None
) -> int | None:
    """Without a script CMD can be replaced where its words still are the end of argv."""
    if program.argv == itself.program.argv or not itself.kept_args:
        return itself.kept_args
    replaced = tuple(encode(word, "CMD") for word in (args or config.cmd))
    end = len(program.argv) - len(replaced)
    return end if end > 0 and program.argv[end:] == replaced else None


def _program(config: ImageConfig, tree: FileTree, base: Program, launch: Launch) -> Program:
    env = {to_bytes(name): to_bytes(value) for name, value in launch.env.items() if isinstance(value, str)}
    cwd = tree.resolve(to_bytes(launch.cwd))
    return as_launched(
        config,
        tree,
        base,
        path=to_bytes(launch.path),
        argv=tuple(to_bytes(value) for value in launch.argv if isinstance(value, str)),
        environment=MappingProxyType(env),
        cwd=cwd[0] if cwd is not None and base.cwd in tree else base.cwd,
        user=launch.user,
    )


def _assumptions(first: Outcome, outcomes: list[Outcome]) -> list[str]:
    """What was taken for granted, because otherwise the script gives up."""
    return [
        f"taken for granted, because otherwise {outcome.why}: {outcome.world.assumed[-1]}"
        for outcome in outcomes
        if outcome.kind == "gives up" and outcome is not first and outcome.world.assumed
    ]


def _effects(outcome: Outcome) -> list[str]:
    changed = list(outcome.world.files.difference())
    if not changed:
        return []
    paths = ", ".join(shown(to_text(path)) for path in changed[:5]) + (" ..." if len(changed) > 5 else "")
    return [f"the script's changes are in the root: {paths}"]
