"""Films of a folder, rendered, annotated or neither."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.cctv.kinds import IncidentKind
from features.errors import BadInput
from tests.training.cctv.films import write_cameras, write_video
from training.cctv.annotated import light_by_name, read_films

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cctv"
needs_films = pytest.mark.skipif(not REAL.is_dir(), reason=f"no films in {REAL}")


@pytest.fixture(scope="module")
def cameras(tmp_path_factory):
    """A simulation's folder with three short films, and their boxes."""
    simulated = tmp_path_factory.mktemp("simulated")
    return write_cameras(simulated / "cameras", count=3)


@pytest.mark.parametrize("at", [pytest.param("", id="cameras"), pytest.param("..", id="the simulation's folder")])
def test_rendered_films_come_with_their_whole_truth(cameras, at):
    films = read_films(cameras / at)

    boxes = pl.read_parquet(cameras / "boxes.parquet")
    assert [film.camera for film in films] == ["CAM-000", "CAM-001", "CAM-002"]
    for film in films:
        own = boxes.filter(pl.col("camera_id") == film.camera)
        assert film.rendered
        assert film.group.startswith("rendered, ")
        assert film.zones is not None
        assert sum(len(frame.kind) for frame in film.frames.values()) == len(own)
        some = own.filter(pl.col("frame") == own["frame"][-1])
        frame = film.frames[own["frame"][-1]]
        np.testing.assert_array_equal(frame.xyxy_px[:, 0], some["left_px"].to_numpy())
        assert frame.track_id.tolist() == some["track_id"].to_list()


def test_who_is_hidden_or_tiny_need_not_be_found(cameras, tmp_path):
    copied = _copied(cameras, tmp_path)
    boxes = pl.read_parquet(copied / "boxes.parquet").filter(pl.col("camera_id") == "CAM-000").head(1)
    shown = {"left_px": 0.0, "top_px": 0.0, "right_px": 9.0, "bottom_px": 9.0, "visible_share": 1.0}
    rows = [shown, shown | {"visible_share": 0.2}, shown | {"bottom_px": 4.0}]
    pl.concat(
        boxes.with_columns(pl.lit(value).cast(boxes.schema[name]).alias(name) for name, value in row.items())
        for row in rows
    ).write_parquet(copied / "boxes.parquet")

    [frame] = read_films(copied)[0].frames.values()

    assert frame.counts.tolist() == [True, False, False]


def test_incidents_are_the_truth_of_events(cameras, tmp_path):
    copied = _copied(cameras, tmp_path)
    (copied / "incidents.csv").write_text(
        "camera_id,kind,onset_s,cleared_s,track_id\nCAM-001,queue,3.5,,\nCAM-001,queue,1.0,2.0,\n"
    )
    events = {film.camera: film.events for film in read_films(copied)}
    assert [(one.kind, one.onset_s, one.cleared_s) for one in events["CAM-001"]] == [
        (IncidentKind.QUEUE, 3.5, None),
        (IncidentKind.QUEUE, 1.0, 2.0),
    ]
    assert events["CAM-000"] == ()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        pytest.param(lambda folder: (folder / "boxes.parquet").unlink(), "boxes.parquet", id="no boxes"),
        pytest.param(lambda folder: (folder / "CAM-001.mp4").unlink(), "CAM-001.mp4", id="no film"),
        pytest.param(lambda folder: (folder / "boxes.parquet").write_bytes(b"PAR1"), "parquet", id="boxes cut off"),
        pytest.param(
            lambda folder: (folder / "incidents.csv").write_text("camera_id,kind,onset_s,cleared_s\nA,flood,1,2\n"),
            "flood",
            id="a kind that is none",
        ),
        pytest.param(lambda folder: (folder / "cameras.csv").write_text("a,b\n1,2\n"), "camera_id", id="another table"),
    ],
)
def test_a_truth_that_is_not_whole_is_refused(cameras, tmp_path, spoil, named):
    copied = _copied(cameras, tmp_path)
    spoil(copied)
    with pytest.raises(BadInput, match="haechi simulate --cameras") as refusal:
        read_films(copied)
    assert named in refusal.value.cause


def test_films_alone_have_no_truth(tmp_path):
    write_video(tmp_path / "625_201709042131.mp4", frames=3)
    (tmp_path / "625_201709042131.toml").write_text('camera = "625"\n')
    (tmp_path / "notes.txt").write_text("not a film")
    [film] = read_films(tmp_path)
    assert (film.group, film.frames, film.events) == ("real, night", None, None)
    assert film.zones == tmp_path / "625_201709042131.toml"


@pytest.mark.parametrize(
    ("name", "light"),
    [
        pytest.param("625_201709042131", "night", id="at night"),
        pytest.param("2019-06-28_13-02-35.503167", "day", id="by day"),
        pytest.param("cam 20190628T1855", "dusk", id="at dusk"),
        pytest.param("03601_2019-06-28", "light unknown", id="a date alone"),
        pytest.param("highway_video03", "light unknown", id="no date"),
    ],
)
def test_light_by_the_hour_in_a_name(name, light):
    assert light_by_name(name) == light


@pytest.mark.parametrize("made", [pytest.param(True, id="empty"), pytest.param(False, id="not there")])
def test_a_folder_without_films_is_refused(tmp_path, made):
    folder = tmp_path / "films"
    if made:
        folder.mkdir()
    with pytest.raises(BadInput, match="Name "):
        read_films(folder)


@needs_films
def test_real_annotated_films():
    films = read_films(REAL / "tfl_annotated")
    assert [film.group for film in films] == ["real, day"] * 4
    assert {film.size_wh_px for film in films} == {(352, 288)}
    assert not any(film.has_kinds or film.events for film in films)
    assert sum(len(frame.kind) for film in films for frame in film.frames.values()) == 16_344


def _copied(folder, tmp_path):
    made = tmp_path / "cameras"
    made.mkdir()
    for file in folder.iterdir():
        (made / file.name).write_bytes(file.read_bytes())
    return made
