"""The image: read, not built. Rules are named as hadolint names them; each is shown to find what it forbids."""

import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TRAINING_STACK = {
    "torch",
    "lightgbm",
    "mlflow",
    "mlflow-skinny",
    "onnx",
    "onnxmltools",
    "optuna",
    "scikit-learn",
    "ray",
}


def instructions(text):
    """Instruction and argument of each, comments away and lines that go on joined."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [tuple(line.split(None, 1)) for line in kept.replace("\\\n", " ").splitlines() if line.strip()]


def broken_rules(text):
    """The rules that a Dockerfile breaks."""
    told = instructions(text)
    runs = [value for word, value in told if word == "RUN"]
    images = [value.split()[0] for word, value in told if word == "FROM"]
    commands = [command for run in runs for command in re.split(r"&&|;|\|", run)]
    fetches = [shlex.split(one) for one in commands if re.search(r"\bpip\b.* (?:install|wheel) ", one)]
    users = [value for word, value in told if word == "USER"]
    rules = {
        "DL3000 a working folder that is not absolute": any(w == "WORKDIR" and v[0] != "/" for w, v in told),
        "DL3002 the last user is root": not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]),
        "DL3004 sudo": any("sudo" in run.split() for run in runs),
        "DL3006 an image without a tag": any(":" not in image for image in images),
        "DL3007 the tag latest": any(image.endswith(":latest") for image in images),
        "DL3008 packages of Debian without a version": any("apt-get install" in run for run in runs),
        "DL3013 pip without constraints": any("--constraint" not in one and "--no-deps" not in one for one in fetches),
        "DL3020 ADD for COPY": any(word == "ADD" for word, _ in told),
        "DL3025 a command that needs a shell": any(w in ("CMD", "ENTRYPOINT") and v[0] != "[" for w, v in told),
        "DL3042 pip with a cache": any("--no-cache-dir" not in one for one in fetches),
        "DL4000 MAINTAINER": any(word == "MAINTAINER" for word, _ in told),
        "DL4006 a pipe without pipefail": any(re.search(r"[^|]\|[^|]", run) for run in runs),
        "an index is named": bool(re.search(r"pypi|index-url|/simple\b|https?://", text, re.IGNORECASE)),
        "one stage alone": len(images) < 2,
        "no SIGTERM at the stop": ("STOPSIGNAL", "SIGTERM") not in told,
        "the sources are in the image": any(
            w == "COPY" and "--from=build" not in v for w, v in told[_last(told, "FROM") :]
        ),
    }
    return {rule for rule, is_broken in rules.items() if is_broken}


def _last(told, word):
    return max(number for number, (each, _) in enumerate(told) if each == word)


def closure(extra):
    """Names of all that an extra of pyproject.toml brings, and what those need."""
    project = PROJECT["project"]
    todo = [Requirement(one) for one in project["dependencies"] + project["optional-dependencies"][extra]]
    found = set()
    while todo:
        one = todo.pop()
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        if name in found or (one.marker is not None and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        todo += [Requirement(each) for each in importlib.metadata.requires(one.name) or []]
    return found


def test_the_dockerfile_keeps_every_rule():
    assert broken_rules(DOCKERFILE) == set()


@pytest.mark.parametrize(
    ("kept", "broken", "rule"),
    [
        pytest.param("WORKDIR /src", "WORKDIR src", "DL3000", id="a relative folder"),
        pytest.param("USER 65532:65532", "USER root", "DL3002", id="root"),
        pytest.param("USER 65532:65532", "USER 0:0", "DL3002", id="root by number"),
        pytest.param("USER 65532:65532", "", "DL3002", id="nobody named"),
        pytest.param("python:3.11-slim-bookworm\nLABEL", "python\nLABEL", "DL3006", id="no tag"),
        pytest.param("python:3.11-slim-bookworm\nLABEL", "python:latest\nLABEL", "DL3007", id="latest"),
        pytest.param("RUN python", "RUN apt-get install -y gcc && python", "DL3008", id="apt"),
        pytest.param("--constraint constraints.txt setuptools", "setuptools", "DL3013", id="no constraints"),
        pytest.param("COPY features", "ADD features", "DL3020", id="ADD"),
        pytest.param('CMD ["serve"]', "CMD serve", "DL3025", id="a shell's command"),
        pytest.param("--no-cache-dir --no-deps", "--no-deps", "DL3042", id="a cache"),
        pytest.param("/wheels .", "/wheels . | tee log", "DL4006", id="a pipe"),
        pytest.param("setuptools \\", "--index-url https://example.org setuptools \\", "an index", id="an index"),
        pytest.param("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "no SIGTERM", id="killed"),
        pytest.param("USER 65532", "COPY serving serving\nUSER 65532", "the sources", id="sources in the image"),
    ],
)
def test_each_rule_finds_what_it_forbids(kept, broken, rule):
    changed = DOCKERFILE.replace(kept, broken, 1)
    assert changed != DOCKERFILE
    assert [one for one in broken_rules(changed) if one.startswith(rule)]


def test_what_the_wheel_is_made_of_is_copied_and_not_ignored():
    sources = {name for word, value in instructions(DOCKERFILE) if word == "COPY" for name in value.split()[:-1]}
    sources = {name for name in sources if not name.startswith(("--", "/"))}
    tools, project = PROJECT["tool"]["setuptools"], PROJECT["project"]
    packages = {name.removesuffix("*") for name in tools["packages"]["find"]["include"]}
    modules = {f"{name}.py" for name in tools["py-modules"]}
    assert sources == packages | modules | {
        "pyproject.toml",
        "constraints.txt",
        project["readme"],
        *project["license-files"],
    }
    assert {line.removeprefix("!") for line in IGNORE if line.startswith("!")} == sources
    assert "*" in IGNORE


def test_the_labels_say_what_the_project_says():
    assert f'licenses="{PROJECT["project"]["license"]}"' in DOCKERFILE


def test_what_is_installed_holds_no_training_stack():
    assert ("ARG", "EXTRAS=serving") in instructions(DOCKERFILE)
    assert closure("serving") & TRAINING_STACK == set()
    assert closure("training") & TRAINING_STACK > {"torch", "mlflow"}


def test_what_is_installed_is_enough_to_serve():
    known = closure("serving")
    others = {
        top
        for top, names in importlib.metadata.packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in names} & (known | {"haechi"})
    }
    program = f"""
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {others!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
sys.argv = ["haechi", "serve", *sys.argv[1:]]
import serving.serve, serving.workers, serving.traffic.service, serving.traffic.ask, haechi
haechi.main()
"""
    assert {"torch", "mlflow", "pytest"} <= others
    for flag in ("--help", "--print-config"):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, flag], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
