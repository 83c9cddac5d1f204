"""A folder follows MLflow's aliases: whole versions only, whatever happens on the way."""

import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import FileInfo
from typer.testing import CliRunner

import haechi
from features import registry
from features.artifact import open_artifact, public_key
from features.errors import ArtifactMismatch, BadInput, StorageFailure, UnknownName
from features.followed import read_followed
from training import mirror as mirroring
from training.mirror import Mirror, only_mirror
from training.publish import Why, promote
from training.track import Tracker

_SPEC = importlib.util.spec_from_file_location("registrations", Path(__file__).parent / "registrations.py")
registrations = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(registrations)

CHAMPION = "models:/traffic@champion"


@pytest.fixture(scope="module")
def two_versions(empty_home, tmp_path_factory):
    """A home with ``traffic/1``, its champion, and 2; its paths hold where it lies, so nobody may alter it."""
    folder = tmp_path_factory.mktemp("two")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    graph = registrations.write_graph(folder / "model.onnx")
    for _ in range(2):
        registrations.register(graph, home)
    return home


@pytest.fixture
def source(two_versions, tmp_path, monkeypatch):
    """The same in a test's own: MLflow keeps whole paths, which a copy of its store has to follow."""
    home = Path(shutil.copytree(two_versions, tmp_path / "home"))
    with sqlite3.connect(home / "mlflow.db") as store:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            store.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)",  # noqa: S608
                (str(two_versions), str(home)),
            )
    store.close()
    monkeypatch.setenv("HAECHI_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def into(tmp_path):
    return tmp_path / "mirror"


@pytest.fixture
def mirror(source, into):
    followed = read_followed([CHAMPION])
    with only_mirror(into, followed):
        yield Mirror(followed, into, source, None)


def crown(home, version):
    promote(home / "artifacts", "traffic", version, Tracker(home), Why(how="forced", reason="test"))


def kept_of(home, version):
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    run = client.get_run(client.get_model_version("traffic", str(version)).run_id)
    return Path(run.info.artifact_uri) / "artifact"


def visible(into):
    return sorted(path.name for path in (into / "traffic").iterdir())


def test_a_change_of_the_alias_is_followed_and_the_one_before_kept(source, into, mirror, capsys):
    (first,) = mirror.look()
    crown(source, 2)
    (second,) = mirror.look()
    (third,) = mirror.look()

    assert [(step.version, step.changed, step.error) for step in (first, second, third)] == [
        (1, True, None),
        (2, True, None),
        (2, False, None),
    ]
    assert registry.aliases(into, "traffic") == {"champion": 2, "previous": 1}
    assert visible(into) == ["1", "2", "aliases.json"]
    for version in (1, 2):
        assert open_artifact(into / "traffic" / str(version), None).version == version


def test_back_to_the_one_before_without_fetching_it_again(source, into, mirror, monkeypatch):
    mirror.look()
    crown(source, 2)
    mirror.look()
    crown(source, 1)
    monkeypatch.setattr(Mirror, "_fetch", lambda *_: pytest.fail("it was there"))
    (step,) = mirror.look()

    assert (step.version, step.error) == (1, None)
    assert registry.aliases(into, "traffic") == {"champion": 1, "previous": 2}


def _flip(kept):
    (kept / "model.onnx").write_bytes(b"another")


def _folder(kept):
    (kept / "inner").mkdir()
    (kept / "inner" / "file").write_text("x")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        pytest.param(_flip, "its checksum differs", id="a byte"),
        pytest.param(lambda kept: (kept / "extra.txt").write_text("x"), "extra.txt is not listed", id="a file more"),
        pytest.param(lambda kept: (kept / "SHA256SUMS").unlink(), "SHA256SUMS is missing", id="no checksums"),
        pytest.param(lambda kept: (kept / "..evil").write_text("x"), "no plain file", id="a name with dots"),
        pytest.param(_folder, "no plain file", id="a folder within"),
        pytest.param(shutil.rmtree, "keeps no artifact", id="none at all"),
    ],
)
def test_a_damaged_artifact_is_refused_said_once_and_the_old_one_stays(damage, told, source, into, mirror, capsys):
    mirror.look()
    damage(kept_of(source, 2))
    crown(source, 2)

    for _ in range(3):
        steps = mirror.look()
        mirror.say(steps)

    assert isinstance(steps[0].error, ArtifactMismatch)
    assert steps[0].version == 1
    err = capsys.readouterr().err
    assert err.count(told) == 1
    assert "traffic/1 stays" in err
    assert ".partial" not in err
    assert visible(into) == ["1", "aliases.json"]
    assert registry.aliases(into, "traffic") == {"champion": 1}


def test_what_was_mended_is_taken_after_a_while(source, into, mirror, monkeypatch, capsys):
    whole = (kept_of(source, 1) / "model.onnx").read_bytes()
    _flip(kept_of(source, 1))
    mirror.say(mirror.look())
    (kept_of(source, 1) / "model.onnx").write_bytes(whole)
    assert mirror.look()[0].version is None
    now = time.monotonic()
    monkeypatch.setattr(mirroring.time, "monotonic", lambda: now + 301)
    mirror.say(mirror.look())

    assert registry.aliases(into, "traffic") == {"champion": 1}
    assert "in step again, at traffic/1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "path",
    ["artifact/../../evil", "../evil", "/etc/evil", "artifact/..", "artifact/", "artifact/a/../b", "artifact/a\\..\\b"],
)
def test_a_listing_that_leads_out_of_the_folder_is_refused(path, into, mirror, monkeypatch, tmp_path):
    listed = mlflow.MlflowClient.list_artifacts
    hostile = FileInfo(path, is_dir=False, file_size=1)
    monkeypatch.setattr(mlflow.MlflowClient, "list_artifacts", lambda *words: [*listed(*words), hostile])
    monkeypatch.setattr(mlflow.MlflowClient, "download_artifacts", lambda *_: pytest.fail("nothing may be fetched"))
    before = set(tmp_path.rglob("*"))

    (step,) = mirror.look()

    assert isinstance(step.error, ArtifactMismatch)
    assert "no plain file" in step.error.cause
    assert set(tmp_path.rglob("*")) == before


def test_a_link_that_a_download_leaves_is_refused(into, mirror, monkeypatch, tmp_path):
    def link(_self, _run, path, folder):
        place = Path(folder) / Path(path).name
        place.symlink_to(tmp_path / "secret")
        return str(place)

    (tmp_path / "secret").write_text("x")
    monkeypatch.setattr(mlflow.MlflowClient, "download_artifacts", link)

    assert "gave something else" in mirror.look()[0].error.cause
    assert visible(into) == []


@pytest.mark.parametrize("gone", ["store", "artifacts", "server"])
def test_a_registry_that_vanishes_leaves_what_is_there(gone, source, into, monkeypatch, capsys):
    followed = read_followed([CHAMPION])
    mirror = Mirror(followed, into, source, None)
    with only_mirror(into, followed):
        mirror.look()
        crown(source, 2)
        if gone == "store":
            (source / "mlflow.db").unlink()
        elif gone == "artifacts":
            shutil.rmtree(source / "mlartifacts")
        else:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@127.0.0.1:9")
            monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
            mirror = Mirror(followed, into, source, None)
        for _ in range(2):
            steps = mirror.look()
            mirror.say(steps)

    kind = ArtifactMismatch if gone == "artifacts" else StorageFailure
    assert isinstance(steps[0].error, kind)
    err = capsys.readouterr().err
    assert err.count("stays") == 1
    assert "hunter2" not in err
    assert not (source / "mlflow.db").exists() or gone != "store"
    assert registry.aliases(into, "traffic") == {"champion": 1}
    open_artifact(into / "traffic" / "1", None)


def test_a_registry_that_vanishes_amid_a_download(source, into, mirror, monkeypatch):
    mirror.look()
    crown(source, 2)
    fetch, fetched = mlflow.MlflowClient.download_artifacts, []

    def once(self, *words):
        if fetched:
            (source / "mlflow.db").unlink(missing_ok=True)
        fetched.append(words)
        return fetch(self, *words)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "download_artifacts", once)
        (step,) = mirror.look()

    assert isinstance(step.error, StorageFailure)
    assert (len(fetched), step.version) == (2, 1)
    assert visible(into) == ["1", "aliases.json"]


@pytest.mark.parametrize("point", ["download", "before-the-rename", "after-the-rename", "aliases"])
def test_killed_at_any_moment_it_leaves_whole_versions_and_the_next_one_goes_on(point, source, into, mirror):
    mirror.look()
    crown(source, 2)
    child = os.fork()
    if child == 0:
        try:
            die(point)
            Mirror(read_followed([CHAMPION]), into, source, None).look()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)

    for version in registry.versions(into, "traffic"):
        open_artifact(into / "traffic" / str(version), None)
    assert registry.aliases(into, "traffic") == {"champion": 1}

    followed = read_followed([CHAMPION])
    again = Mirror(followed, into, source, None)
    for left in [path for path in (into / "traffic").iterdir() if path.name.startswith(".")]:
        assert left.name.endswith(".partial")
    (step,) = again.look()
    assert (step.version, step.error) == (2, None)


def die(point):
    """Have this process killed at a point of its next look."""
    rename, fetch = os.rename, mlflow.MlflowClient.download_artifacts

    def fatal(*_words, **_named):
        os.kill(os.getpid(), signal.SIGKILL)

    def renamed(old, new):
        if Path(new).name == "2" and Path(new).parent.parent.name == "mirror":
            if point == "after-the-rename":
                rename(old, new)
            fatal()
        rename(old, new)

    if point == "download":
        mlflow.MlflowClient.download_artifacts = lambda self, *words: fatal() if fetch(self, *words) else None
    elif point == "aliases":
        registry.json.dump = fatal
    else:
        mirroring.os.rename = renamed


def test_leftovers_of_a_kill_are_cleared_and_only_one_may_mirror(source, into):
    followed = read_followed([CHAMPION])
    (into / "traffic" / ".2.partial" / "download").mkdir(parents=True)
    (into / "traffic" / ".aliases.json.1.partial").write_text("{")

    with only_mirror(into, followed):
        assert visible(into) == []
        with pytest.raises(StorageFailure, match="Another mirror is at work"), only_mirror(into, followed):
            pass


def test_another_registrys_version_of_the_same_number_is_not_taken_for_it(source, into, mirror):
    mirror.look()
    for path in kept_of(source, 1).iterdir():
        path.unlink()
    client = mlflow.MlflowClient(f"sqlite:///{source / 'mlflow.db'}")
    other = client.get_model_version("traffic", "2").run_id
    followed = read_followed([CHAMPION])
    again = Mirror(followed, into, source, None)
    again._source = type("Other", (), {"aliased": lambda *_: mirroring.Registered(version=1, run_id=other)})()

    (step,) = again.look()
    assert "was made by another run" in step.error.cause
    assert step.version == 1


def test_a_signature_is_asked_for_where_a_key_is_trusted(source, into):
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True)  # noqa: S607
    followed = read_followed([CHAMPION])
    with only_mirror(into, followed):
        (step,) = Mirror(followed, into, source, public_key(made.stdout)).look()

    assert "SIGNATURE is missing" in step.error.cause
    assert visible(into) == []


def test_once_answers_in_json(source, into, document):
    found = document("models", "mirror", CHAMPION, "--into", into, "--once")
    assert found == {
        "into": str(into),
        "models": [{"model": "traffic", "alias": "champion", "version": 1, "changed": True, "error": None}],
    }


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        pytest.param(["models:/traffic/1"], BadInput, "is not a model and its alias", id="a version"),
        pytest.param(["traffic"], BadInput, "is not a model and its alias", id="a plain name"),
        pytest.param(["models:/../x@champion"], BadInput, "is not a model and its alias", id="a path"),
        pytest.param([CHAMPION, "models:/traffic@previous"], BadInput, "named twice", id="one model twice"),
        pytest.param(["models:/traffic@staging"], UnknownName, "alias 'staging'", id="no such alias"),
        pytest.param(["models:/parking@champion"], UnknownName, "parking", id="no such model"),
    ],
)
def test_once_refuses_with_cause_and_mend(words, kind, told, source, into):
    asked = ["models", "mirror", *words, "--into", str(into), "--once"]
    answer = CliRunner().invoke(haechi.app, asked)

    assert isinstance(answer.exception, kind)
    assert told in answer.exception.cause
    assert answer.exception.mend
    assert answer.exception.exit_code == 2


def test_the_registry_that_a_home_trains_into_is_no_mirror(source):
    asked = ["models", "mirror", CHAMPION, "--into", str(source / "artifacts"), "--once"]
    assert "trains into" in CliRunner().invoke(haechi.app, asked).exception.cause


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_follows_until_it_is_told_to_end(number, source, into):
    words = [sys.executable, "-m", "haechi", "models", "mirror", CHAMPION, "--into", str(into), "--every-s", "0.2"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)  # noqa: S603
    try:
        eventually(lambda: registry.aliases(into, "traffic") == {"champion": 1})
        crown(source, 2)
        eventually(lambda: registry.aliases(into, "traffic") == {"champion": 2, "previous": 1})
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "traffic/2 is the champion here now" in err


def eventually(condition):
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it never came to pass")


def test_json_without_once_is_refused(source, into):
    answer = CliRunner().invoke(haechi.app, ["models", "mirror", CHAMPION, "--into", str(into), "--json"])
    assert "--once" in answer.exception.cause
    assert json.dumps(answer.stdout) == '""'
