"""``haechi evaluate cctv``: what is printed, written and refused."""

import json

import polars as pl
import pytest

from features.errors import BadInput
from tests.training.cctv.films import SquarePipeline, write_cameras, write_video
from tests.training.conftest import command
from training.cctv import evaluate_command
from training.cctv.annotated import read_films


@pytest.fixture(autouse=True)
def square(monkeypatch):
    """No detector is needed, and films are watched in this process."""
    monkeypatch.setattr(evaluate_command, "Pipeline", SquarePipeline)
    monkeypatch.setattr(evaluate_command.os, "cpu_count", lambda: 1)


@pytest.fixture(scope="module")
def cameras(tmp_path_factory):
    """Two short rendered films."""
    return write_cameras(tmp_path_factory.mktemp("simulated") / "cameras")


def test_rendered_films_are_judged_by_their_truth(cameras, tmp_path):
    out = tmp_path / "incidents.parquet"

    told = json.loads(command("evaluate", "cctv", cameras, "--detector", "square", "--out", out, "--json"))

    assert (told["films"], told["simulated"], told["detector"], told["rules"]["version"]) == (2, True, "square", 1)
    group = told["groups"][-1]
    assert group["group"].startswith("rendered")
    # The mechanical watcher tells of one incident before each camera; nothing went wrong in three seconds.
    *_, events = group["events"]
    assert (events["kind"], events["hits"], events["false_alarms"]) == ("all kinds", 0, 2)
    assert events["recall"] is None
    assert events["false_per_camera_hour"] == pytest.approx(2 / (6 / 3600))
    assert {one["of"] for one in group["detection"]["alone"]} >= {"vehicles", "car"}
    assert group["health"] == {"black picture": 2}
    rows = pl.read_parquet(out)
    assert rows["outcome"].to_list() == ["false", "false"]
    assert rows["raised_s"].to_list() == pytest.approx([1.0, 1.0])
    assert pl.read_parquet_metadata(out)["haechi"].startswith("SIMULATED")


def test_films_alone_are_counted_with_an_interval(tmp_path):
    write_video(tmp_path / "CAM.mp4", frames=30)

    told = json.loads(command("evaluate", "cctv", tmp_path, "--json"))
    drawn = command("evaluate", "cctv", tmp_path)

    [group] = told["groups"]
    assert (group["group"], group["detection"], group["events"]) == ("real, light unknown", None, [])
    stopped = group["raised"][0]
    assert (stopped["kind"], stopped["raised"]) == ("stopped vehicle", 1)
    low, high = stopped["per_camera_hour_interval"]
    assert low < stopped["per_camera_hour"] < high
    assert "SIMULATED" not in drawn
    assert "no truth to judge by" in drawn


def test_every_group_is_drawn(cameras):
    drawn = command("evaluate", "cctv", cameras)
    assert "[SIMULATED]" in drawn
    for word in ("AP50", "HOTA", "recall", "hits", "CPU-s a camera-hour"):
        assert word in drawn


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(["cctv"], "No films of cctv", id="no folder"),
        pytest.param(["cctv", "DIR", "--model", "x"], "--model is not of cctv", id="a flag of other domains"),
        pytest.param(["cctv", "DIR", "--out", "x.csv"], ".parquet", id="another format"),
        pytest.param(["cctv", "DIR", "--out", "DIR/boxes.parquet"], "lies among the films", id="over the truth"),
        pytest.param(["traffic", "DIR"], "traffic is judged on measurements", id="films of another domain"),
        pytest.param(["traffic"], "traffic is judged on measurements", id="no measurements"),
    ],
)
def test_what_makes_no_sense_is_refused(cameras, words, named):
    with pytest.raises(BadInput) as refusal:
        command("evaluate", *[word.replace("DIR", str(cameras)) for word in words])
    assert named in str(refusal.value)


def test_films_are_judged_alike_in_processes_of_their_own(cameras):
    films, told = read_films(cameras), []
    here = evaluate_command.judge_films(films, SquarePipeline(), 1, lambda: told.append(1))
    apart = evaluate_command.judge_films(films, SquarePipeline(), 2, lambda: told.append(2))
    assert [one.raised for one in apart] == [one.raised for one in here]
    assert [one.tracking.mota for one in apart] == [one.tracking.mota for one in here]
    assert sorted(told) == [1, 1, 2, 2]


def test_what_is_wrong_with_a_film_comes_out_of_its_process(cameras, tmp_path):
    write_video(tmp_path / "A.mp4", frames=3)
    (tmp_path / "B.mp4").write_bytes(b"not a film")
    with pytest.raises(BadInput, match=r"B\.mp4 is no film"):
        evaluate_command.judge_films(read_films(tmp_path), SquarePipeline(), 2, lambda: None)
