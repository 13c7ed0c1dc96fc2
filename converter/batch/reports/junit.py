"""JUnit XML, as CI servers read it: a test case an image.

There is no standard; these are the elements and attributes that GitLab (doc/ci/testing/unit_test_reports),
Jenkins (junit-plugin) and Azure agree on. A refused image is a failure; whatever else went wrong is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from converter.batch.model import Result, Status

# XML 1.0, 2.2: other characters cannot stand in a document, not even as references.
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[Result], batch_file: str) -> str:
    """The document, with an XML declaration."""
    statuses = [each.outcome.status for each in results]
    refused, skipped = statuses.count(Status.REFUSED), statuses.count(Status.SKIPPED)
    good = sum(status.good for status in statuses)
    counts = {
        "tests": str(len(results)),
        "failures": str(refused),
        "errors": str(len(results) - good - refused - skipped),
        "skipped": str(skipped),
        "time": f"{sum(each.outcome.seconds for each in results):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "u2k batch", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _text(batch_file), **counts})
    for each in results:
        suite.append(_case(each, batch_file))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
        ("<?xml version='1.0' encoding='utf-8'?>\n", "\n")
    )


def _case(result: Result, batch_file: str) -> ElementTree.Element:
    task, outcome = result.task, result.outcome
    case = ElementTree.Element(
        "testcase",
        name=_text(task.image if not task.settings else f"{task.image} -> {task.output}"),
        classname="u2k.batch",
        file=_text(batch_file),
        line=str(task.line),
        time=f"{outcome.seconds:.3f}",
    )
    if outcome.status is Status.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=_text(outcome.error))
    elif not outcome.status.good:
        kind = "failure" if outcome.status is Status.REFUSED else "error"
        first, _, _ = outcome.error.partition("\n")
        found = ElementTree.SubElement(case, kind, message=_text(first), type=str(outcome.status))
        found.text = _text("\n".join(filter(None, (outcome.where, outcome.error, _next(outcome.hint)))))
    return case


def _next(hint: str) -> str:
    return f"next: {hint}" if hint else ""


def _text(text: str) -> str:
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
