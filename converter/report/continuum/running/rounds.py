"""All stops in turns, so that what else happens on the host meets each of them alike."""

from __future__ import annotations

from collections.abc import Mapping

from converter.errors import RunError
from converter.image.progress import Progress
from converter.report.continuum.model import Measured
from converter.report.continuum.running.question import Question
from converter.report.continuum.running.sample import Sample, Way, sample


def rounds(
    ways: Mapping[str, Way], question: Question, count: int, patience: float, progress: Progress
) -> dict[str, Measured | str]:
    """Start each `count` times. What fails once is not started again: then it is said why."""
    found: dict[str, list[Sample]] = {name: [] for name in ways}
    failed: dict[str, str] = {}
    progress.start("starting each stop in turn", count * len(ways))
    for _ in range(count):
        for name, way in ways.items():
            if name not in failed:
                try:
                    found[name].append(sample(way, question, patience))
                except RunError as error:
                    failed[name] = str(error)
            progress.advance(1)
    progress.done()
    return {name: failed[name] if name in failed else _measured(found[name]) for name in ways}


def _measured(samples: list[Sample]) -> Measured:
    memory = tuple(each.memory for each in samples if each.memory is not None)
    return Measured(tuple(each.seconds for each in samples), memory)
