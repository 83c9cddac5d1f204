"""A version is there whole or not at all, whatever happens while it is registered."""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from features import registry
from features.artifact import open_artifact
from features.errors import BadInput, StorageFailure
from features.settings import Settings
from training import publish as publishing
from training.publish import Why, check_home, promote
from training.track import Tracker

WHY = Why(how="promotion")
HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("registrations", HERE / "registrations.py")
registrations = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(registrations)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return registrations.write_graph(tmp_path_factory.mktemp("graph") / "model.onnx")


@pytest.fixture
def own_home(empty_home, tmp_path):
    return Path(shutil.copytree(empty_home, tmp_path / "home"))


def ran(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603


def store(home):
    return mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")


def mlflow_versions(home):
    return sorted(int(one.version) for one in store(home).search_model_versions("name = 'traffic'"))


def mlflow_champion(home):
    return int(store(home).get_model_version_by_alias("traffic", "champion").version)


def assert_whole(home):
    """Folders, aliases and MLflow tell the same story, and nothing half-written is left."""
    root = home / "artifacts"
    versions = registry.versions(root, "traffic")
    for version in versions:
        assert open_artifact(root / "traffic" / str(version), None).version == version
    assert mlflow_versions(home) == list(versions)
    champion = registry.aliases(root, "traffic")["champion"]
    assert champion in versions
    assert mlflow_champion(home) == champion
    assert {path.name for path in (root / "traffic").iterdir()} == {
        *map(str, versions),
        "aliases.json",
        "promotions.jsonl",
    }
    assert registry.promotions(root, "traffic")[-1]["to"] == champion


def test_the_first_version_is_champion_and_stays_it(own_home, graph):
    first, second = (registrations.register(graph, own_home) for _ in range(2))

    assert (first.manifest.version, second.manifest.version) == (1, 2)
    assert (first.champion, second.champion) == (1, 1)
    assert second.folder == own_home / "artifacts" / "traffic" / "2"
    assert_whole(own_home)


@pytest.fixture(scope="module")
def killed(graph, empty_home, tmp_path_factory):
    """A folder of homes, in each of which a registration was killed at the point it is named after."""
    folder = tmp_path_factory.mktemp("killed")
    homes = [shutil.copytree(empty_home, folder / point) for point in registrations.POINTS]
    words = [sys.executable, str(HERE / "registrations.py"), str(graph), *map(str, homes)]
    done = ran(*words)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("point", registrations.POINTS)
def test_after_kill_9_at_any_point_the_next_registration_succeeds(point, killed, graph):
    home = killed / point
    for version in registry.versions(home / "artifacts", "traffic"):
        open_artifact(home / "artifacts" / "traffic" / str(version), None)

    published = registrations.register(graph, home)

    assert published.manifest.version == registry.versions(home / "artifacts", "traffic")[-1]
    assert_whole(home)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(Tracker, "attach", id="while the run keeps it"),
        pytest.param(publishing, "seal", id="while it is sealed"),
        pytest.param(Path, "write_text", id="while it is written"),
    ],
)
def test_a_full_disk_leaves_no_version_and_no_partial_folder(owner, name, own_home, graph, monkeypatch):
    def full(*_args, **_named):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        with pytest.raises(OSError, match="No space left"):
            registrations.register(graph, own_home)

    assert registry.versions(own_home / "artifacts", "traffic") == ()
    assert list((own_home / "artifacts" / "traffic").iterdir()) == []
    registrations.register(graph, own_home)
    assert_whole(own_home)


@pytest.mark.parametrize("size_kib", [pytest.param(200, id="MLflow's store"), pytest.param(1300, id="its pictures")])
def test_a_disk_that_is_truly_full(size_kib, graph, tmp_path):
    """What does not fit is refused in words, and room is all that it takes to go on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or ran("mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", disk).returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    try:
        home = disk / "home"
        home.mkdir()
        with pytest.raises((StorageFailure, OSError), match=r"disk is full|No space left"):
            registrations.register(graph, home)
        assert registry.versions(home / "artifacts", "traffic") == ()

        ran("mount", "-o", "remount,size=20m", disk).check_returncode()
        registrations.register(graph, home)
        assert_whole(home)
    finally:
        ran("umount", "-l", disk).check_returncode()


def test_a_store_whose_set_up_was_killed_is_set_up_again(graph, tmp_path):
    partial = tmp_path / "home" / ".mlflow-killed"
    partial.mkdir(parents=True)
    (partial / "mlflow.db").write_bytes(b"half")

    registrations.register(graph, tmp_path / "home")

    assert_whole(tmp_path / "home")
    assert not partial.exists()


@pytest.mark.parametrize("name", ["two words", "해치", "a#b"])
def test_a_home_may_have_nearly_any_name(name, graph, empty_home, tmp_path):
    home = Path(shutil.copytree(empty_home, tmp_path / name))

    published = registrations.register(graph, home)

    assert (tmp_path / name / "mlartifacts").is_dir()
    assert published.manifest.mlflow_run is not None
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_without_mlflow_it_goes_on_untracked_and_says_so(own_home, graph, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr("training.track.find_spec", lambda _: None)
        untracked = registrations.register(graph, own_home)
    assert untracked.manifest.mlflow_run is None
    assert "MLflow is not installed, so nothing is tracked" in capsys.readouterr().err

    tracked = registrations.register(graph, own_home)

    assert tracked.manifest.version == 2
    assert mlflow_versions(own_home) == [2]
    assert tracked.champion == 1


def test_a_version_that_mlflow_never_saw_can_be_promoted(own_home, graph, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("training.track.find_spec", lambda _: None)
        registrations.register(graph, own_home)
    registrations.register(graph, own_home)
    root = own_home / "artifacts"

    promote(root, "traffic", 2, Tracker(own_home), WHY)
    assert mlflow_champion(own_home) == 2
    promote(root, "traffic", 1, Tracker(own_home), WHY)

    assert registry.aliases(root, "traffic") == {"champion": 1, registry.PREVIOUS: 2}
    # Better none than one that points at a version that is not served.
    assert "champion" not in store(own_home).get_registered_model("traffic").aliases


def test_a_champion_whose_folder_was_deleted_is_replaced(own_home, graph):
    root = own_home / "artifacts"
    for _ in range(3):
        registrations.register(graph, own_home)
    promote(root, "traffic", 2, None, WHY)
    shutil.rmtree(root / "traffic" / "2")

    promote(root, "traffic", 3, Tracker(own_home), WHY)
    assert registry.aliases(root, "traffic") == {"champion": 3, registry.PREVIOUS: 1}

    shutil.rmtree(root / "traffic" / "3")
    published = registrations.register(graph, own_home)
    assert published.champion == published.manifest.version
    assert_whole(own_home)


def test_a_store_that_homes_share_keeps_the_versions_of_all(empty_home, graph, tmp_path, monkeypatch):
    shared = shutil.copyfile(empty_home / "mlflow.db", tmp_path / "shared.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shared}")
    monkeypatch.chdir(tmp_path)

    here = registrations.register(graph, tmp_path / "here")
    there = registrations.register(graph, tmp_path / "there")

    versions = {int(one.version) for one in mlflow.MlflowClient().search_model_versions("name = 'traffic'")}
    assert versions == {here.manifest.version, there.manifest.version} == {1, 2}


def test_a_server_that_does_not_answer_is_refused_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody:secret@127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(StorageFailure, match=r"MLflow did not take it: .*127\.0\.0\.1") as refusal:
        check_home(Settings(home=tmp_path))
    assert "secret" not in str(refusal.value)


def test_a_store_that_refuses_is_named_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://somebody:secret@nowhere")

    with pytest.raises(StorageFailure, match="MLflow did not take it") as refusal:
        Tracker(tmp_path)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("make", "error", "cause"),
    [
        pytest.param(lambda home: home.write_text("x"), StorageFailure, "cannot be written", id="a file"),
        pytest.param(lambda home: home.parent.chmod(0o500), StorageFailure, "Permission denied", id="not ours"),
    ],
)
def test_a_home_that_cannot_be_written_is_refused_before_the_training(make, error, cause, tmp_path):
    home = tmp_path / "city" / "home"
    home.parent.mkdir()
    make(home)
    try:
        if os.geteuid() == 0 and not home.exists():
            pytest.skip("root may write everywhere")
        with pytest.raises(error, match=cause):
            check_home(Settings(home=home))
    finally:
        home.parent.chmod(0o700)


@pytest.mark.parametrize("name", ["a%20b", "a?b"])
def test_a_home_that_mlflow_cannot_name_is_refused_before_the_training(name, tmp_path):
    with pytest.raises(BadInput, match="under which MLflow cannot keep files"):
        check_home(Settings(home=tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_signing_key_that_is_none_is_refused_before_the_training(tmp_path):
    with pytest.raises(BadInput, match="HAECHI_SIGNING_KEY is not an Ed25519 private key"):
        check_home(Settings(home=tmp_path, signing_key="hunter2"))
