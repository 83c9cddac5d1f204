"""What a training of the detector is asked for is checked before anything is rendered."""

from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from training.cctv.job import read_job
from training.cctv.recipe import QUICK, Recipe


@pytest.fixture
def options(make_options):
    """Of ``haechi train cctv``; any can be changed."""

    def make(**changes):
        return make_options(Path("."), **({"data": (), "name": "cctv", "given": {}} | changes))

    return make


def test_without_clips_it_learns_from_rendered_cameras_alone(options):
    job = read_job(options())

    assert (job.name, job.clips, job.weights, job.recipe, job.seed) == ("cctv-detector", (), None, Recipe(), 7)


def test_settings_and_name_are_taken(options):
    job = read_job(options(part="detector", name="ours", config={"steps": 12}, quick=True, seed=3))

    assert (job.name, job.seed) == ("ours", 3)
    assert job.recipe == Recipe(**(QUICK | {"steps": 12}))


@pytest.mark.parametrize(
    ("changes", "error", "cause"),
    [
        pytest.param({"part": "flood"}, UnknownName, "flood", id="a part that there is none of"),
        pytest.param({"given": {"entities": "lots.csv"}}, BadInput, "--entities is not of cctv", id="a flag of others"),
        pytest.param({"data": (Path("clips"),)}, BadInput, "Nobody says what is in the clips", id="clips alone"),
        pytest.param({"weights": Path("a.onnx")}, BadInput, "there are none", id="weights alone"),
        pytest.param({"config": {"step": 1}}, UnknownName, "step", id="a setting that there is none of"),
        pytest.param({"config": {"side_px": 100}}, BadInput, "side_px=100 is no multiple of 32", id="an odd side"),
        pytest.param({"config": {"steps": 0}}, BadInput, "steps=0 is outside", id="out of range"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, error, cause, options):
    with pytest.raises(error, match=cause) as refused:
        read_job(options(**changes))
    assert refused.value.mend


def test_weights_that_are_no_graph_are_refused(options, tmp_path):
    (tmp_path / "a.onnx").write_text("no graph")

    with pytest.raises(BadInput, match="no ONNX graph"):
        read_job(options(data=(tmp_path,), weights=tmp_path / "a.onnx"))
