"""Any ONNX graph becomes a version that is served, or is refused by the tensor that is not as somebody said."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from features import registry
from features.errors import BadInput, UnknownName
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server

X = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
TOML = """
quantity = "occupancy"
unit = "1"
[[inputs]]
name = "x"
dtype = "float32"
shape = ["lot", 3]
unit = "1"
[[outputs]]
name = "y"
dtype = "float32"
shape = ["lot", 3]
unit = "1"
meaning = "Share of bays in use"
"""


def save(path: Path, nodes: list[onnx.NodeProto], *, weights: tuple[float, ...] = (2, 2, 2), **more: object) -> Path:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["lot", 3]) for name in ("x", "y")]
    weight = numpy_helper.from_array(np.array(weights, np.float32), "w")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path, **more)
    return path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """``lots/parking.onnx``, y = 2x, with ``tensors.toml`` beside it."""
    folder = tmp_path / "lots"
    folder.mkdir()
    (folder / "tensors.toml").write_text(TOML)
    return save(folder / "parking.onnx", [helper.make_node("Mul", ["x", "w"], ["y"])])


@pytest.mark.parametrize("from_folder", [pytest.param(True, id="a folder"), pytest.param(False, id="a file")])
def test_a_foreign_graph_is_served(from_folder, graph, home, document, run_command, tmp_path):
    said = document("models", "import", graph.parent if from_folder else graph, "--name", "lots")

    assert (said["model"], said["domain"], said["champion"]) == ("lots/1", "generic", 1)
    assert "Share of bays in use" in run_command("models", "show", "lots", "--json")
    run_command("models", "verify")
    assert "lots/1" in run_command("models", "list")
    runtime = Runtime()
    manifest = runtime.load(registry.resolve(home / "artifacts", "lots"))
    assert (manifest.training, manifest.non_finite, manifest.quantity) == (None, "refuse", "occupancy")
    server = Server(runtime, Settings(home=tmp_path, host="127.0.0.1", port=0))
    server.start()
    try:
        with Client(server.address) as client:
            np.testing.assert_array_equal(client.infer("lots", {"x": X})["y"], 2 * X)
            with pytest.raises(BadInput, match="Input 'x' of lots/1: row 1 holds nan"):
                client.infer("lots", {"x": np.where(X == 5, np.nan, X).astype(np.float32)})
    finally:
        server.stop(0)


def test_another_version_waits_for_its_promotion(graph, home, document, run_command):
    document("models", "import", graph, "--name", "lots")
    save(graph, [helper.make_node("Mul", ["x", "w"], ["y"])], weights=(3, 3, 3))

    assert "models promote lots/2 --force" in run_command("models", "import", graph, "--name", "lots")
    assert registry.resolve(home / "artifacts", "lots").name == "1"
    run_command("models", "promote", "lots/2", "--force", "--reason", "newer bays")
    assert registry.resolve(home / "artifacts", "lots").name == "2"


def test_weights_that_lay_beside_the_graph_travel_inside(graph, home, document):
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"])]
    save(graph, nodes, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (graph.parent / "weights.bin").is_file()

    document("models", "import", graph, "--name", "lots")
    runtime = Runtime()
    runtime.load(registry.resolve(home / "artifacts", "lots"))
    np.testing.assert_array_equal(runtime.run("lots", {"x": X})["y"], 2 * X)


def test_tensors_may_be_said_in_json(graph, home, document):
    tensor = {"dtype": "float32", "shape": ["lot", 3], "unit": "1"}
    said = {"inputs": [{"name": "x", **tensor}], "outputs": [{"name": "y", **tensor}], "domain": "parking-lots"}
    other = graph.with_name("said.json")
    other.write_text(json.dumps(said))

    assert document("models", "import", graph, "--tensors", other, "--name", "lots")["domain"] == "parking-lots"


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        pytest.param('"x"', '"z"', UnknownName, "no input of parking.onnx 'z'.*Known: x", id="another input"),
        pytest.param('"y"', '"z"', UnknownName, "no output of parking.onnx 'z'", id="another output"),
        pytest.param('["lot", 3]', '["lot", 4]', BadInput, "does not take what is said", id="another length"),
        pytest.param('"float32"', '"float64"', BadInput, "does not take what is said", id="another type"),
        pytest.param('"float32"', '"float"', BadInput, r"'inputs\.0\.dtype' is wrong", id="no type"),
        pytest.param('unit = "1"\nmeaning', 'meaning', BadInput, r"'outputs\.0\.unit' is wrong", id="no unit"),
        pytest.param("[[inputs]]", "[[input]]", BadInput, "'inputs' is wrong: Field required", id="no inputs"),
        pytest.param("[[inputs]]", "[[inputs", BadInput, "tensors.toml cannot be read", id="no TOML"),
    ],
)  # fmt: skip
def test_what_is_said_otherwise_than_it_is_is_named(old, new, error, message, graph, home, run_command):
    (graph.parent / "tensors.toml").write_text(TOML.replace(old, new))

    with pytest.raises(error, match=message) as refused:
        run_command("models", "import", graph, "--name", "lots")
    assert refused.value.mend
    assert not list((home / "artifacts").glob("lots/[0-9]*"))


def test_a_graph_that_answers_otherwise_each_time_is_refused(graph, home, run_command):
    noise = helper.make_node("RandomNormalLike", ["x"], ["n"])
    save(graph, [noise, helper.make_node("Mul", ["n", "w"], ["y"])])

    with pytest.raises(BadInput, match=r"does not answer the same twice.*without random operators"):
        run_command("models", "import", graph, "--name", "lots")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["nowhere.onnx", "--name", "lots"], "There is no nowhere.onnx", id="no graph"),
        pytest.param([".", "--name", "lots"], "holds not one ONNX graph: none", id="a folder without one"),
        pytest.param(["lots/parking.onnx", "--name", "Lots!"], "'Lots!' is not a model's name", id="no name"),
        pytest.param(["lots/tensors.toml", "--name", "lots"], "is no ONNX graph", id="a file that is no graph"),
        pytest.param(
            ["lots/parking.onnx", "--name", "lots", "--tensors", "no.toml"], "There is no no.toml", id="nothing said"
        ),
    ],
)
def test_what_cannot_be_imported_is_refused(words, message, graph, home, run_command):
    with pytest.raises(BadInput, match=message) as refused:
        run_command("models", "import", *words)
    assert refused.value.mend
