"""What changes in a model folder is served without a call lost, and what is wrong with it changes nothing."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException

from features import registry
from features.errors import ArtifactMismatch, UnknownName
from features.routing import Routing, write_routing
from features.settings import Settings
from serving.client import Client
from serving.repository import Repository
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.conftest import spec

X = np.array([[1, 2, 3]], dtype=np.float32)
ADD, MULTIPLY, SUBTRACT = (helper.make_node(kind, ["x", "x"], ["y"]) for kind in ("Add", "Mul", "Sub"))


@pytest.fixture
def publish(make_model: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Version 1 doubles, version 2 squares, version 3 is always zero."""

    def make(version: int, name: str = "model") -> Path:
        node = {1: ADD, 2: MULTIPLY, 3: SUBTRACT}[version]
        return make_model(tmp_path, [node], [spec("x")], [spec("y")], name=name, domain="other", version=version)

    return make


@pytest.fixture
def repository(tmp_path: Path, publish: Callable[..., Path]) -> Repository:
    publish(1)
    runtime = Runtime(chance=lambda: 0.5)
    repository = Repository(tmp_path, runtime)
    repository.runtime = runtime  # type: ignore[attr-defined]  # for the tests alone
    repository.sync()
    return repository


@pytest.fixture
def runtime(repository: Repository) -> Runtime:
    return repository.runtime  # type: ignore[attr-defined,no-any-return]


def answer(runtime: Runtime, zone: str = "") -> list[float]:
    return runtime.infer(runtime.find("model", "", zone), {"x": X})["y"][0].tolist()


DOUBLED, SQUARED, ZERO = [2, 4, 6], [1, 4, 9], [0, 0, 0]


def test_a_new_version_is_served_once_it_is_the_champion(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    registry.set_aliases(tmp_path, "model", {"champion": 1})
    publish(2)
    repository.sync()
    assert answer(runtime) == DOUBLED

    registry.set_aliases(tmp_path, "model", {"champion": 2, "previous": 1})
    repository.sync()
    assert answer(runtime) == SQUARED


def test_a_rollback_needs_no_loading(
    repository: Repository,
    runtime: Runtime,
    publish: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(2)
    registry.set_aliases(tmp_path, "model", {"champion": 2, "previous": 1})
    repository.sync()

    monkeypatch.setattr(runtime, "open", lambda folder: pytest.fail(f"{folder} was loaded again"))
    registry.set_aliases(tmp_path, "model", {"champion": 1, "previous": 2})
    repository.sync()

    assert answer(runtime) == DOUBLED


def test_what_nobody_needs_any_more_is_let_go(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    for version in (2, 3):
        publish(version)
        registry.set_aliases(tmp_path, "model", {"champion": version, "previous": version - 1})
        repository.sync()

    assert [served.label for served in runtime.models()] == ["model/2", "model/3"]


def test_a_bad_version_is_refused_and_the_old_one_stays(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    folder = publish(2)
    (folder / "model.onnx").write_bytes(b"something else")
    registry.set_aliases(tmp_path, "model", {"champion": 2, "previous": 1})
    repository.sync()

    assert answer(runtime) == DOUBLED
    (refused,) = repository.refused
    assert (refused.name, refused.version) == ("model", 2)
    assert refused.why.startswith("model/2: model.onnx is not the file that SHA256SUMS lists")
    assert str(tmp_path) not in refused.why


def test_a_bad_version_is_not_tried_again_until_it_changes(
    repository: Repository,
    runtime: Runtime,
    publish: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = publish(2)
    (folder / "model.onnx").write_bytes(b"something else")
    repository.sync()
    tried: list[Path] = []
    whole = runtime.open
    monkeypatch.setattr(runtime, "open", lambda folder: tried.append(folder) or whole(folder))

    repository.sync()
    assert not tried

    shutil.rmtree(folder)
    publish(2)
    repository.sync()
    assert tried == [folder]
    assert answer(runtime) == SQUARED
    assert not repository.refused


def test_at_a_start_the_champion_before_stands_in_for_a_bad_one(
    publish: Callable[..., Path], tmp_path: Path, repository: Repository
) -> None:
    (publish(2) / "CARD.md").unlink()
    registry.set_aliases(tmp_path, "model", {"champion": 2, "previous": 1})
    fresh = Runtime()
    Repository(tmp_path, fresh).sync()

    assert answer(fresh) == DOUBLED


@pytest.mark.parametrize("lost", ["root", "model", "aliases"])
def test_a_registry_that_disappears_takes_nothing_with_it(
    lost: str, repository: Repository, runtime: Runtime, tmp_path: Path
) -> None:
    if lost == "aliases":
        (tmp_path / "model" / "aliases.json").write_text("{")
    else:
        shutil.rmtree(tmp_path if lost == "root" else tmp_path / "model")
    repository.sync()

    assert answer(runtime) == DOUBLED


def test_a_canary_answers_its_zone_and_its_share_alone(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    registry.set_aliases(tmp_path, "model", {"champion": 1})
    publish(2)
    write_routing(tmp_path, "model", Routing(canary=2, zones=("mapo",)))
    repository.sync()
    assert (answer(runtime), answer(runtime, "mapo"), answer(runtime, "jongno")) == (DOUBLED, SQUARED, DOUBLED)

    write_routing(tmp_path, "model", Routing(canary=2, share=0.6))
    repository.sync()
    assert answer(runtime) == SQUARED

    write_routing(tmp_path, "model", Routing(canary=2, share=0.4))
    repository.sync()
    assert answer(runtime) == DOUBLED


def test_a_canary_that_is_refused_leaves_its_calls_to_the_champion(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    registry.set_aliases(tmp_path, "model", {"champion": 1})
    (publish(2) / "CARD.md").unlink()
    write_routing(tmp_path, "model", Routing(canary=2, zones=("mapo",)))
    repository.sync()

    assert answer(runtime, "mapo") == DOUBLED
    assert repository.refused[0].version == 2


def test_a_shadow_is_compared_and_never_answers(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path], tmp_path: Path
) -> None:
    registry.set_aliases(tmp_path, "model", {"champion": 1})
    publish(3)
    write_routing(tmp_path, "model", Routing(shadow=3))
    repository.sync()

    assert [answer(runtime) for _ in range(3)] == [DOUBLED] * 3
    runtime.shadows.wait()
    compared = runtime.shadows.compared["model/1 against model/3"]
    assert (compared.calls, compared.failed, compared.left_out) == (3, 0, 0)
    assert compared.mean_share == pytest.approx(1)


@pytest.fixture
def server(repository: Repository, runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), host="127.0.0.1", port=0)
    server = Server(runtime, settings, repository)
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def foreign(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(server.address)
    yield client
    client.close()


def test_a_foreign_client_unloads_and_loads_a_model(foreign: triton.InferenceServerClient) -> None:
    foreign.unload_model("model")
    assert not foreign.is_model_ready("model")
    (entry,) = foreign.get_model_repository_index(as_json=True)["models"]
    assert (entry["state"], entry["reason"]) == ("UNAVAILABLE", "unloaded")

    foreign.load_model("model")
    assert foreign.is_model_ready("model")


def test_the_index_says_why_a_version_is_refused(
    foreign: triton.InferenceServerClient, repository: Repository, publish: Callable[..., Path], tmp_path: Path
) -> None:
    (publish(2) / "CARD.md").unlink()
    with pytest.raises(InferenceServerException, match=r"model/2: CARD\.md is missing"):
        foreign.load_model("model")

    ready, refused = foreign.get_model_repository_index(as_json=True)["models"]
    assert (ready["version"], ready["state"]) == ("1", "READY")
    assert (refused["version"], refused["state"]) == ("2", "UNAVAILABLE")
    assert "CARD.md is missing" in refused["reason"]
    assert str(tmp_path) not in refused["reason"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        pytest.param(lambda client: client.load_model("modle"), "Did you mean 'model'", id="load nobody"),
        pytest.param(lambda client: client.unload_model("modle"), "Did you mean 'model'", id="unload nobody"),
        pytest.param(
            lambda client: client.load_model("model", config="{}"), "'config' is not understood", id="a config along"
        ),
        pytest.param(
            lambda client: client.load_model("model", config="{}", files={"file:1/model.onnx": b"x"}),
            "not understood",
            id="a graph along",
        ),
    ],
)
def test_what_cannot_be_loaded_is_told(
    call: Callable[[triton.InferenceServerClient], None], told: str, foreign: triton.InferenceServerClient
) -> None:
    with pytest.raises(InferenceServerException, match=told):
        call(foreign)


def test_who_asks_for_a_model_that_is_refused_is_told_why(
    publish: Callable[..., Path], tmp_path: Path, repository: Repository, foreign: triton.InferenceServerClient
) -> None:
    (publish(1, "other") / "CARD.md").unlink()
    repository.sync()
    x = triton.InferInput("x", [1, 3], "FP32")
    x.set_data_from_numpy(X)
    with pytest.raises(InferenceServerException, match=r"other is not served: other/1: CARD\.md is missing"):
        foreign.infer("other", [x])

    foreign.unload_model("model")
    with pytest.raises(InferenceServerException, match="it was taken out of service"):
        foreign.infer("model", [x])
    foreign.load_model("model")
    assert foreign.infer("model", [x]).as_numpy("y").tolist() == [DOUBLED]


def test_errors_of_the_repository_are_the_registrys_own(repository: Repository) -> None:
    with pytest.raises(UnknownName):
        repository.load("nobody")


def test_no_call_is_lost_while_versions_change(
    server: Server, repository: Repository, publish: Callable[..., Path], tmp_path: Path
) -> None:
    publish(2)
    wrong: list[object] = []
    over = threading.Event()

    def ask() -> None:
        with Client(server.address) as client:
            while not over.is_set():
                try:
                    y = client.infer("model", {"x": X})["y"][0].tolist()
                except Exception as error:
                    wrong.append(error)
                    return
                if y not in (DOUBLED, SQUARED):
                    wrong.append(y)

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for version in (2, 1) * 5:
        registry.set_aliases(tmp_path, "model", {"champion": version})
        repository.sync()
    over.set()
    for caller in callers:
        caller.join()

    assert not wrong


def test_a_followed_folder_is_noticed_by_itself(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path]
) -> None:
    swapped = threading.Event()
    whole = runtime.swap
    runtime.swap = lambda name, line: (whole(name, line), swapped.set())  # type: ignore[method-assign]
    repository.follow(0.1)
    try:
        publish(2)
        assert swapped.wait(20)
        assert answer(runtime) == SQUARED
    finally:
        repository.stop()


def test_a_version_that_a_service_cannot_answer_from_is_refused_before_it_is_served(
    repository: Repository, runtime: Runtime, publish: Callable[..., Path]
) -> None:
    def refuse(served: object) -> None:
        raise ArtifactMismatch(cause="It has no state", mend="Train it again")

    runtime.before_serving.append(refuse)
    publish(2)
    repository.sync()

    assert answer(runtime) == DOUBLED
    assert "no state" in repository.refused[0].why
