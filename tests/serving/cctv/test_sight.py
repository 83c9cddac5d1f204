"""Cameras by name, each with its own zones."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.errors import BadInput
from serving.cctv.sight import WatchConfig, sights


def zones(folder, name, camera, head=""):
    path = folder / name
    path.write_text(f'{head}camera = "{camera}"\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("films/CAM-000.mp4", "CAM-000", id="a film"),
        pytest.param("gate=films/CAM-000.mp4", "gate", id="named"),
        pytest.param("rtsp://kim:hush@10.0.0.7:554/live/1?token=hush", "10.0.0.7-live-1", id="no secret of an address"),
        pytest.param("gate=rtsp://kim:hush@10.0.0.7/1?a=b", "gate", id="a named address"),
        pytest.param("남산/터널 1.mp4", "1", id="what no file's name may hold"),
        pytest.param("남산.mp4", "camera", id="nothing left of it"),
    ],
)
def test_a_camera_has_the_name_that_it_was_given_or_its_address_has(text, name):
    (one,) = sights([text], [])
    assert one.name == name
    assert "hush" not in one.name


def test_the_same_name_twice_is_told_apart():
    assert [one.name for one in sights(["a/1.mp4", "b/1.mp4", "c/1.mp4"], [])] == ["1", "1-2", "1-3"]


def test_zones_are_those_of_the_camera_that_they_name_and_the_others_go_in_order(tmp_path):
    first, second = zones(tmp_path, "1.toml", "elsewhere"), zones(tmp_path, "2.toml", "A")
    found = {one.name: one.zones for one in sights(["A.mp4", "B.mp4", "C.mp4"], [first, second])}
    assert found == {"A": second, "B": first, "C": None}


def test_more_zones_than_cameras_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no camera's zones"):
        sights(["A.mp4"], [zones(tmp_path, "1.toml", "A"), zones(tmp_path, "2.toml", "B")])


def test_a_camera_file_names_the_camera_and_holds_its_zones(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text('camera = "GATE-1"\n[source]\naddress = "x.mp4"\n[[zone]]\nkind = "crossing"\n')
    (one,) = sights([str(path)], [])
    assert (one.name, one.zones) == ("GATE-1", path)


@pytest.mark.parametrize(
    ("address", "is_live"),
    [("rtsp://10.0.0.7/1", True), ("https://city.example/1.m3u8", True), ("a.mp4", False), ("file:///a.mp4", False)],
)
@pytest.mark.parametrize("in_file", [True, False], ids=["in a camera file", "named"])
def test_a_feed_goes_on_and_a_film_ends(tmp_path, address, is_live, in_file):
    (tmp_path / "gate.toml").write_text(f'[source]\naddress = "{address}"\n')
    (one,) = sights([str(tmp_path / "gate.toml") if in_file else address], [])
    assert one.is_live is is_live


@pytest.mark.parametrize(
    ("head", "exercise", "simulated"),
    [("# SIMULATED (모의 자료)\n", False, True), ("", False, False), ("", True, True)],
    ids=["its zones say so", "real", "an exercise"],
)
def test_a_rendered_camera_is_simulated(tmp_path, head, exercise, simulated):
    (one,) = sights(["A.mp4"], [zones(tmp_path, "A.toml", "A", head)], exercise=exercise)
    assert one.simulated is simulated


def test_several_cameras_have_a_film_each():
    assert [one.film for one in sights(["A.mp4"], [], Path("seen.mp4"))] == [Path("seen.mp4")]
    found = [one.film for one in sights(["A.mp4", "B.mp4"], [], Path("out/seen.mp4"))]
    assert found == [Path("out/seen-A.mp4"), Path("out/seen-B.mp4")]


@pytest.mark.parametrize("content", [b"camera = ", b"\xff\xfe"], ids=["no TOML", "no UTF-8"])
def test_zones_that_cannot_be_read_are_refused_without_their_words(tmp_path, content):
    (tmp_path / "A.toml").write_bytes(b'password = "hush"\n' + content)
    with pytest.raises(BadInput, match="cannot be read") as refused:
        sights(["A.mp4"], [tmp_path / "A.toml"])
    assert "hush" not in str(refused.value)


def test_no_camera_is_refused():
    with pytest.raises(BadInput, match="no camera"):
        sights([], [])


@pytest.mark.parametrize("fps", [0.0, 61.0, float("nan")], ids=str)
def test_a_rate_that_is_none_is_refused(fps):
    with pytest.raises(BadInput, match="no rate"):
        WatchConfig(detector="x", home=Path(), fps=fps, since=datetime(2026, 7, 1, tzinfo=UTC))
