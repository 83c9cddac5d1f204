"""Where the parts of every domain are, and what they may import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features import DOMAINS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("features", "training", "serving")
# Module below the domain's folder, and the doors that it must offer.
PARTS = {
    "features": {
        "config": (),
        "schema": ("inputs", "outputs"),
        "state": ("fresh", "save", "load"),
        "advance": ("advance",),
        "build": ("build",),
    },
    "training": {
        "model": (),
        "fit": ("fit",),
        "guard": ("limits", "deciles", "export_fallback", "self_test_rows", "self_test"),
        "commands": ("train", "evaluate", "experiment"),
        "search": ("problem",),
    },
    "serving": {"service": ("register",)},
}
TRAINING_STACK = {"torch", "lightgbm", "mlflow"}

domains = pytest.mark.parametrize("domain", DOMAINS)


# --- the layout -------------------------------------------------------------------------------------------------------


@domains
@pytest.mark.parametrize(
    ("room", "part"), [pytest.param(room, part, id=f"{room}-{part}") for room in PARTS for part in PARTS[room]]
)
def test_every_part_is_there_and_has_its_door(domain, room, part):
    path = ROOT / room / domain / f"{part}.py"
    assert path.is_file(), f"{room}/{domain}/{part}.py is not there"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    offered = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert offered >= set(PARTS[room][part])
    assert ast.get_docstring(tree)


@domains
def test_siblings_never_import_each_other(domain):
    siblings = set(DOMAINS) - {domain}
    for room in ROOMS:
        for path in (ROOT / room / domain).rglob("*.py"):
            assert not _domains_imported(path.read_text(encoding="utf-8"), path) & siblings, path


def test_shared_features_know_no_domain():
    for path in (ROOT / "features").glob("*.py"):
        assert not _domains_imported(path.read_text(encoding="utf-8"), path) & set(DOMAINS), path


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("import features.traffic.build", id="a module"),
        pytest.param("import features.traffic as t", id="a package, renamed"),
        pytest.param("from features.traffic.state import load", id="from a module"),
        pytest.param("from training import traffic", id="the package itself"),
        pytest.param("def f():\n    from serving.traffic import service", id="within a function"),
        pytest.param("from ..traffic import build", id="relative"),
        pytest.param("import_module('features.traffic.build')", id="by name"),
    ],
)
def test_the_scan_sees_every_way_to_import(line):
    assert _domains_imported(line, ROOT / "features" / "parking" / "build.py") == {"traffic"}


def _domains_imported(source: str, path: Path) -> set[str]:
    """Domains whose folders ``source``, the text of the file ``path``, imports from."""
    found = set()
    for module in _imports(ast.parse(source), path):
        room, domain, *_ = [*module.split("."), "", ""]
        if room in ROOMS and domain in DOMAINS:
            found.add(domain)
    return found


def _imports(tree: ast.AST, path: Path) -> Iterator[str]:
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value


# --- what deployed code loads -----------------------------------------------------------------------------------------


def _loaded(code: str, folder: Path) -> set[str]:
    """Top-level modules that a fresh process has loaded after ``code``."""
    report = "\nimport sys\nprint('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code + report],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--help"], id="haechi --help"),
        pytest.param(["serve", "--help"], id="haechi serve --help"),
        pytest.param(["forecast", "--help"], id="haechi forecast --help"),
        pytest.param(["config", "--json"], id="haechi config"),
    ],
)
def test_front_door_leaves_the_training_stack_out(arguments, tmp_path):
    code = (
        f"import sys\nsys.argv = ['haechi', *{arguments!r}]\n"
        "import haechi\ntry:\n    haechi.main()\nexcept SystemExit as left:\n    assert not left.code, left.code"
    )
    loaded = _loaded(code, tmp_path)
    assert "haechi" in loaded
    assert not loaded & TRAINING_STACK


@domains
def test_service_and_features_leave_the_training_stack_out(domain, tmp_path):
    code = f"import serving.server, serving.{domain}.service, features.{domain}.build"
    loaded = _loaded(code, tmp_path)
    assert "onnxruntime" in loaded
    assert not loaded & (TRAINING_STACK | {"training"})
