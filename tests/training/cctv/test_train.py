"""``haechi train cctv`` from nothing to a version that is served over OIP v2."""

import json

import numpy as np
import onnxruntime
import pytest

from features import registry
from features.cctv.detectors.small import check_graph
from features.cctv.kinds import KINDS
from features.errors import HaechiError
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server

TINY = {"scenes": 1, "judged_scenes": 1, "steps": 6, "width": 4, "side_px": 64, "batch": 2}
WORDS = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]


def test_a_detector_is_trained_published_and_served(home, document, run_command, tmp_path):
    said = document("train", "cctv", "--part", "detector", *WORDS)

    assert (said["model"], said["version"], said["champion"], said["simulated"]) == ("cctv-detector", 1, 1, True)
    assert said["size_bytes"] < 4 * 2**20
    assert {one["on"] for one in said["ap50"]} > {"rendered"}
    assert said["config"]["steps"] == TINY["steps"]
    assert "SIMULATED" in run_command("models", "show", "cctv-detector")
    run_command("models", "verify")

    folder = registry.resolve(home / "artifacts", "cctv-detector")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    check_graph(session.get_inputs(), session.get_outputs())
    views = np.random.default_rng(7).uniform(0, 255, (2, 5, 64, 96)).astype(np.float32)
    runtime = Runtime()
    runtime.load(folder)
    server = Server(runtime, Settings(home=tmp_path, host="127.0.0.1", port=0))
    server.start()
    try:
        with Client(server.address) as client:
            answer = client.infer("cctv-detector", {"views": views})
    finally:
        server.stop(0)
    assert answer["scores"].shape[2] == len(KINDS)
    for name, expected in zip(("boxes", "scores"), session.run(["boxes", "scores"], {"views": views}), strict=True):
        np.testing.assert_allclose(answer[name], expected, rtol=1e-4, atol=1e-3)


def test_without_mlflow_it_is_trained_and_says_so(home, run_command, monkeypatch):
    monkeypatch.setattr("training.publish.tracking_is_installed", lambda: False)
    monkeypatch.setattr("training.track.tracking_is_installed", lambda: False)

    said = json.loads(run_command("train", "cctv", *WORDS, "--json"))

    assert said["mlflow_run"] is None
    assert said["model"] == "cctv-detector"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        pytest.param(["cctv", "--hazard", "pm25"], "--hazard is not of cctv", id="a flag of another domain"),
        pytest.param(["parking", "--data", "a.csv", "--part", "detector"], "are not of parking", id="elsewhere"),
        pytest.param(["cctv", "--part", "fire"], "fire", id="a part that is not there"),
        pytest.param(["cctv", "--data", "clips"], "Nobody says what is in the clips", id="clips without a teacher"),
    ],
)
def test_what_makes_no_sense_is_refused(words, cause, home, run_command):
    with pytest.raises(HaechiError, match=cause):
        run_command("train", *words)
