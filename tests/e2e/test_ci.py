"""What CI services are given is true: the shell commands of the action and of the component are run here.

Expressions are filled in by hand; steps of other actions (`uses:`) are not run; what they are told is seen.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from converter.cache.folder import cache_folder
from converter.link.manifest import read_manifest
from tests.builders.variants import variant

REPOSITORY = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())
SPEC_TEXT, TEMPLATE_TEXT = (REPOSITORY / "templates/u2k.yml").read_text().split("\n---\n")
INPUTS = yaml.safe_load(SPEC_TEXT)["spec"]["inputs"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For commands that install u2k: all that it needs is there, so that only u2k itself is built."""
    folder = tmp_path_factory.mktemp("packages")
    site = Path(yaml.__file__).parents[1]
    for each in site.iterdir():
        if not re.match(r"_?(editable_impl_)?u2k|__pycache__|__editable__", each.name):
            (folder / each.name).symlink_to(each)
    probe = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "-d",
        str(folder / "probe"),
        "hatchling",
    ]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("no package index to be reached")
    beginnings = ("HOME", "LANG", "TMPDIR", "PIP_", "HTTP", "http", "SSL_", "REQUESTS_")
    kept = {name: value for name, value in os.environ.items() if name.startswith(beginnings)}
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {**kept, "PYTHONPATH": str(folder), "PATH": path}


class Job:
    """A job of GitHub's, as far as shell steps see one."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir(parents=True)
        (folder / "temp/u2k-cache").mkdir(parents=True)
        (folder / "temp/u2k-cache/libos").symlink_to(cache_folder("libos"))
        self.files = {name: folder / name for name in ("ENV", "OUTPUT", "PATH", "STEP_SUMMARY")}
        for file in self.files.values():
            file.touch()
        self.environment = {
            **environment,
            "RUNNER_TEMP": str(folder / "temp"),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            **{f"GITHUB_{name}": str(file) for name, file in self.files.items()},
        }
        self.outputs: dict[str, dict[str, str]] = {}

    def run(self, **inputs: str) -> list[subprocess.CompletedProcess[str]]:
        """The action's own steps, until one fails; u2k is installed the first time."""
        given = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs
        done = []
        for step in ACTION["runs"]["steps"]:
            if "uses" in step or (step["name"] == "Install u2k" and self.outputs):
                continue
            assert step["shell"] == "bash"
            own = {name: self.filled(value, given) for name, value in step.get("env", {}).items()}
            self.files["OUTPUT"].write_text("")
            done.append(self.step(step["run"], own))
            if "id" in step:
                lines = self.files["OUTPUT"].read_text().splitlines()
                self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
            if done[-1].returncode:
                break
        return done

    def step(self, script: str, own: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """As the runner does it: bash -e with pipefail, and what earlier steps have set."""
        assert "${{" not in script, "an expression in a script is code of whoever opens a pull request"
        path = ":".join([*reversed(self.files["PATH"].read_text().split()), self.environment["PATH"]])
        set_before = dict(line.split("=", 1) for line in self.files["ENV"].read_text().splitlines())
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env={**self.environment, **set_before, **own, "PATH": path},
            cwd=self.work,
            capture_output=True,
            text=True,
            check=False,
        )

    def filled(self, text: str, inputs: Mapping[str, str]) -> str:
        """The few expressions that the action has."""
        values = {f"inputs.{name}": value for name, value in inputs.items()}
        values["github.action_path"] = str(REPOSITORY)

        def value(match: re.Match[str]) -> str:
            return next((found for name in match[1].split("||") if (found := values[name.strip()])), "")

        return re.sub(r"\$\{\{(.*?)\}\}", value, text)


@pytest.fixture
def images(image: Callable[[str], Path], tmp_path: Path) -> Path:
    """A batch file with an image that can be converted, and one that cannot."""
    good = variant(image("hello-static"), tmp_path / "good.tar", "good")
    bad = f"{{image: {good}, output: bad.u2k, entrypoint: /none}}"
    (tmp_path / "images.yaml").write_text(f"- {good}\n- {bad}\n")
    return tmp_path / "images.yaml"


def test_the_action(images: Path, environment: dict[str, str], tmp_path: Path) -> None:
    job = Job(tmp_path / "job", environment)
    good = str(tmp_path / "good.tar")
    done = job.run(image=good, options="--files\nall\n")
    assert [each.returncode for each in done] == [0] * 3, done[-1].stderr
    made = job.work / job.outputs["run"]["output"]
    assert read_manifest(made).options["files"] == "all"
    assert re.fullmatch(r"u2k-[0-9.]+-[0-9a-f]{16}-Linux-X64", job.outputs["cache"]["key"])
    assert "stored: layers, file" in job.files["STEP_SUMMARY"].read_text()
    assert (job.folder / "temp/u2k-cache/unikernels").is_dir()

    done = job.run(batch=str(images))
    assert [each.returncode for each in done] == [0, 6], "a job whose images were not all converted fails"
    folder = job.work / job.outputs["run"]["output"]
    assert read_manifest(folder / "good.u2k")
    assert "2 images: 1 converted, 1 refused" in job.files["STEP_SUMMARY"].read_text()
    assert json.loads(Path(job.outputs["run"]["sarif"]).read_text())["version"] == "2.1.0"
    assert "<testsuites" in Path(job.outputs["run"]["junit"]).read_text()

    assert [each.returncode for each in job.run(image=good, command="check")] == [0, 0]
    done = job.run(image=good, command="check", options="--entrypoint\n/none\n--at\nDockerfile:3")
    assert done[-1].returncode == 3
    place = json.loads(Path(job.outputs["run"]["sarif"]).read_text())["runs"][0]["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "Dockerfile"


def test_the_component(images: Path, environment: dict[str, str], tmp_path: Path) -> None:
    work = tmp_path / "project"
    (work / ".u2k-cache").mkdir(parents=True)
    (work / ".u2k-cache/libos").symlink_to(cache_folder("libos"))

    def run(**inputs: str) -> subprocess.CompletedProcess[str]:
        ((name, job),) = yaml.safe_load(filled_template(inputs)).items()
        assert name == "u2k"
        variables = {
            key: str(value).replace("$CI_PROJECT_DIR", str(work)) for key, value in job["variables"].items()
        }
        before = job["before_script"][2:] if (work / ".u2k-venv").exists() else job["before_script"]
        lines = ["set -eo pipefail", *before, *job["script"]]
        assert "[[" not in "".join(lines), "inputs in a script would be code"
        return subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            env={**environment, **variables, "CI_PROJECT_DIR": str(work)},
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run(image=str(tmp_path / "good.tar"), package=str(REPOSITORY), options="--timeout 600")
    assert done.returncode == 0, done.stderr
    assert read_manifest(work / "unikernels/good.u2k")
    assert 'failures="0"' in (work / "u2k-junit.xml").read_text()
    done = run(batch=str(images), package=str(REPOSITORY), output="both")
    assert done.returncode == 6, done.stderr
    assert 'failures="1"' in (work / "u2k-junit.xml").read_text()
    assert "1 converted, 1 refused" in (work / "u2k.md").read_text().replace("reused", "converted")


def filled_template(inputs: Mapping[str, str]) -> str:
    """The component's job with these inputs, and the defaults."""
    given = {name: str(each.get("default", "")) for name, each in INPUTS.items()} | inputs
    return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: given[match[1]], TEMPLATE_TEXT)


def schema(name: str) -> Any:
    text = (resources.files("check_jsonschema") / f"builtin_schemas/vendor/{name}.json").read_text("utf-8")
    return json.loads(text)


def test_the_files_are_valid_by_their_schemas() -> None:
    jsonschema.Draft7Validator(schema("github-actions")).validate(ACTION)
    validator = jsonschema.Draft7Validator(schema("gitlab-ci"))
    validator.validate(yaml.safe_load(filled_template({})))
    validator.validate(yaml.safe_load(SPEC_TEXT))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"job": {"script": 7}})
    used = set(re.findall(r"inputs\.([\w-]+)", TEMPLATE_TEXT))
    assert used == set(INPUTS), "every input is used, and no other"
    used = set(re.findall(r"inputs\.([\w-]+)", (REPOSITORY / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])


def test_the_cache_is_told_one_folder() -> None:
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    (other,) = (step for step in steps.values() if "uses" in step)
    assert other["uses"].startswith("actions/cache@")
    folder = other["with"]["path"].replace("${{ runner.temp }}", "$RUNNER_TEMP")
    assert f"U2K_CACHE_DIR={folder}" in steps["Name the cache"]["run"]
    assert other["with"]["key"].startswith("${{ steps.cache.outputs.key }}-")
    assert steps["Name the cache"]["id"] == "cache"
