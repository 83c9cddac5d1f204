"""The front door as users and scripts meet it: exit codes, and what stands on which stream."""

import errno
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

import haechi
from features.errors import ArtifactMismatch, BadInput, HaechiError, ModelNotLoaded, StorageFailure, UnknownName

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run one command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["haechi", *arguments])
        try:
            haechi.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def broken(monkeypatch, run):
    """Run a front door whose only command raises ``error``."""

    def call(error: BaseException) -> tuple[int, str, str]:
        def app() -> None:
            raise error

        monkeypatch.setattr(haechi, "app", app)
        return run("anything")

    return call


def test_ctrl_c_is_said(monkeypatch, run):
    app = typer.Typer()

    @app.command()
    def anything() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(haechi, "app", app)

    assert run() == (130, "", "Interrupted: what was not finished is not kept\n")


def test_success_exits_0_with_one_json_document_on_stdout(run):
    code, out, err = run("config", "--json")
    assert (code, err) == (0, "")
    assert {row["name"] for row in json.loads(out)["settings"]} >= {"home", "port"}


def test_table_of_settings_shows_values_as_they_are(run, monkeypatch):
    monkeypatch.setenv("HAECHI_HOST", "[b]:9:[/b]")
    code, out, _ = run("config")
    assert code == 0
    assert "[b]:9:[/b]" in out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["no-such-command"], id="an unknown command"),
        pytest.param(["config", "--no-such-flag"], id="an unknown flag"),
        pytest.param(["simulate"], id="an option is missing"),
        pytest.param(["data", "check"], id="an argument is missing"),
        pytest.param(["simulate", "--seed", "x"], id="text for a number"),
    ],
)
def test_wrong_usage_exits_2_and_says_so_on_stderr(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err


def test_bad_setting_exits_2_with_cause_and_mend(run, monkeypatch):
    monkeypatch.setenv("HAECHI_PORT", "http")
    code, out, err = run("config", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("error: Setting 'port' is wrong")
    assert "\n  fix: Mend HAECHI_PORT" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(BadInput(cause="c", mend="m"), 2, id="bad input"),
        pytest.param(UnknownName(cause="c", mend="m"), 2, id="an unknown name"),
        pytest.param(ArtifactMismatch(cause="c", mend="m"), 2, id="a damaged model"),
        pytest.param(StorageFailure(cause="c", mend="m"), 1, id="storage"),
        pytest.param(ModelNotLoaded(cause="c", mend="m"), 1, id="a model not served"),
        pytest.param(HaechiError(cause="c", mend="m"), 1, id="anything else"),
    ],
)
def test_error_exits_with_its_code(broken, error, code):
    assert broken(error) == (code, "", "error: c\n  fix: m\n")


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        pytest.param("torch", "training", id="torch is for training"),
        pytest.param("mlflow", "training", id="mlflow is for training"),
        pytest.param("onnxruntime", "serving", id="onnxruntime is for serving"),
        pytest.param("grpc", "serving", id="grpc is for serving"),
        pytest.param("uvicorn", "serving", id="uvicorn is for serving"),
    ],
)
def test_missing_extra_is_named(broken, module, extra):
    code, out, err = broken(ModuleNotFoundError(f"No module named '{module}'", name=module))
    assert (code, out) == (1, "")
    assert f"needs {module}, which is not installed" in err
    assert f"pip install 'haechi[{extra}]'" in err


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(errno.ENOSPC, "The disk is full: model.onnx", id="no space"),
        pytest.param(errno.EDQUOT, "Your share of the disk is full: model.onnx", id="a quota"),
        pytest.param(errno.EROFS, "The disk is read-only: model.onnx", id="a read-only disk"),
        pytest.param(errno.EACCES, "Permission denied: model.onnx", id="no right"),
        pytest.param(errno.ENOENT, "refused: model.onnx", id="a folder that is none"),
        pytest.param(errno.ENAMETOOLONG, "refused: model.onnx", id="a name too long"),
    ],
)
def test_storage_that_refuses_is_an_answer_and_no_traceback(broken, number, words):
    code, out, err = broken(OSError(number, "refused", "model.onnx"))
    assert (code, out) == (1, "")
    assert f"error: {words}\n  fix: " in err


def test_full_disk_without_a_file_name_is_said_too(broken):
    assert "error: The disk is full\n" in broken(OSError(errno.ENOSPC, "full"))[2]


def test_other_errors_keep_their_traceback(broken):
    with pytest.raises(OSError, match="broken pipe"):
        broken(OSError(errno.EIO, "broken pipe"))


def test_it_says_which_version_it_is(run):
    code, out, _ = run("--version")
    assert (code, out) == (0, f"haechi {version('haechi')}\n")


def test_every_command_explains_itself_with_an_example(run):
    for line in _commands():
        code, out, _ = run(*line, "--help")
        assert code == 0
        assert "Example:" in out, line


def _commands() -> list[list[str]]:
    """Every command of the front door, groups resolved."""
    found, todo = [], [([], typer.main.get_command(haechi.app))]
    while todo:
        path, command = todo.pop()
        below = getattr(command, "commands", {})
        todo += [([*path, name], one) for name, one in below.items()]
        found += [] if below else [path]
    assert ["config"] in found
    return found


def test_haechi_is_a_program_on_its_own(tmp_path):
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "haechi.py"), "simulate", "--seed", "7"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing option" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["ascii", "cp949"])
@pytest.mark.parametrize("flags", [pytest.param([], id="drawn"), pytest.param(["--json"], id="as JSON")])
def test_a_console_that_lacks_a_character_is_no_reason_to_stop(tmp_path, encoding, flags):
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "haechi.py"), "config", *flags],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "HAECHI_HOST": "é×"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    if flags:
        rows = json.loads(done.stdout.decode(encoding))["settings"]
        assert {row["name"]: row["value"] for row in rows}["host"] == "é×"
