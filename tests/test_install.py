"""What must hold of the installation: read from its files, so that a slip is seen before a user meets it."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [
    line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
INSTALL_FILES = ("Makefile", "constraints.txt", "pyproject.toml", ".ci/run", "CONTRIBUTING.md", "SECURITY.md")
EXTRAS = {"base": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def direct(extra):
    names = {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in EXTRAS[extra]}
    return sorted(names - {"haechi"})


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"{extra}: {name}") for extra in EXTRAS for name in direct(extra)]
)
def test_every_direct_dependency_is_pinned(name):
    assert [pin for pin in PINS if normal(pin.split("==")[0]) == name], f"{name} is not in constraints.txt"


def test_pins_are_exact_sorted_and_each_there_once():
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", pin) for pin in PINS)
    names = [normal(pin.split("==")[0]) for pin in PINS]
    assert names == sorted(set(names))


def test_torch_is_pinned_without_a_build():
    assert "torch==2.13.0" in PINS
    assert "torch==2.13.0" in EXTRAS["training"]
    assert "TORCH_VERSION := 2.13.0" in MAKEFILE


def test_no_pin_is_a_freeze_of_a_machine():
    assert not [pin for pin in PINS if "+" in pin or "@" in pin or pin.startswith(("nvidia", "triton==", "cuda"))]


@pytest.mark.parametrize("name", INSTALL_FILES)
def test_no_index_is_named_but_the_cpu_index_of_pytorch(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace(TORCH_INDEX, "")
    assert not re.findall(r"pypi|index-url[ =]+https?://|/simple\b|https?://\S*(?:wheel|whl)", text, re.IGNORECASE)


def test_torch_comes_from_the_cpu_index_alone():
    fetch = next(line for line in MAKEFILE.splitlines() if "--index-url" in line)
    assert "$(PIP_ALONE)" in fetch
    alone = next(line for line in MAKEFILE.splitlines() if line.startswith("PIP_ALONE"))
    for cleared in ("-u PIP_INDEX_URL", "-u PIP_EXTRA_INDEX_URL", "-u PIP_FIND_LINKS", "PIP_CONFIG_FILE=/dev/null"):
        assert cleared in alone
    assert f"TORCH_INDEX := {TORCH_INDEX}\n" in MAKEFILE


def test_ci_runs_the_words_that_a_user_types():
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make ci-deps", "make check", "make test"]


@pytest.mark.parametrize("word", ["install", "demo", "test", "check", "bench", "ci-deps", "clean"])
def test_every_word_is_there_and_explained(word):
    told = _make("help")
    assert re.search(rf"^  make {word}  +[\w.]", told.stdout, re.MULTILINE)


def test_make_alone_explains_itself():
    assert _make().stdout == _make("help").stdout


@pytest.mark.parametrize(
    "tool", ["ruff format --check .", "ruff check .", "mypy", "lint-imports", "vulture"], ids=lambda tool: tool
)
def test_check_runs_the_tools_of_this_folder(tool):
    assert f".venv/bin/{tool}\n" in _make("--dry-run", "check").stdout


@pytest.mark.parametrize(
    ("words", "command"),
    [
        pytest.param(("demo",), ".venv/bin/haechi demo \n", id="simulated"),
        pytest.param(("demo", "DATA=../my data"), '.venv/bin/haechi demo --data "../my data"\n', id="real"),
        pytest.param(("bench",), ".venv/bin/python -m experiments.traffic.bench \n", id="bench"),
        pytest.param(
            ("bench", "DATA=../my data"),
            '.venv/bin/python -m experiments.traffic.bench --data "../my data"\n',
            id="real bench",
        ),
        pytest.param(("test",), ".venv/bin/python -m pytest\n", id="tests"),
    ],
)
def test_a_word_runs_its_command(words, command):
    assert command in _make("--dry-run", *words).stdout


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_papers_are_there(name):
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_licence_is_the_whole_apache_licence():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text) > 11_000


def _make(*words):
    # As from a fresh shell: the make that may be running these tests hands its own flags down.
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(  # noqa: S603
        ["make", *words],  # noqa: S607
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
