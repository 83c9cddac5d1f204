"""Scenes are rendered once, into the layout of a simulation, and never among those of another file."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.cctv import frozen, render
from features.errors import BadInput
from training.cctv.annotated import read_films

FILE = Path(frozen.__file__).with_name("develop.toml")


@pytest.fixture(scope="module")
def few():
    """Two short scenes on few pixels."""
    whole = frozen.SceneSet.read(FILE)
    seeds = {"queue": whole.plan["seeds"]["queue"][:1], "normal": whole.plan["seeds"]["normal"][:1]}
    return replace(whole, plan=whole.plan | {"size_px": [88, 72], "length_s": 1.0, "seeds": seeds})


@pytest.fixture(scope="module")
def rendered(few, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "films"
    render.render(few, folder, 1)
    return folder


def test_all_scenes_are_there_as_a_simulation_has_them(few, rendered):
    films = read_films(rendered)
    assert [film.camera for film in films] == [scene.camera_id for scene in few.scenes()]
    assert all(film.zones is not None and film.events is not None for film in films)
    assert (rendered / render.STAMP).read_text().strip() == few.sha256
    assert not [path for path in rendered.iterdir() if path.is_dir()]


def test_what_is_there_stays(few, rendered):
    before = {path.name: path.stat().st_mtime_ns for path in rendered.iterdir()}
    render.render(few, rendered, 1)
    assert {path.name: path.stat().st_mtime_ns for path in rendered.iterdir()} == before


def test_who_was_stopped_goes_on(few, rendered, tmp_path):
    folder, first = tmp_path / "films", few.scenes()[0]
    folder.mkdir()
    (folder / render.STAMP).write_text(few.sha256)
    (folder / "parts").mkdir()
    render._film(first, folder)
    (folder / "parts" / "half").mkdir()

    render.render(few, folder, 1)

    assert {path.name for path in folder.iterdir()} == {path.name for path in rendered.iterdir()}
    film = f"{first.camera_id}.mp4"
    assert (folder / film).read_bytes() == (rendered / film).read_bytes()


@pytest.mark.parametrize("stamp", [pytest.param("0" * 64, id="another file's"), pytest.param(None, id="somebody's")])
def test_films_of_another_file_are_refused(few, tmp_path, stamp):
    (tmp_path / "CAM-1.mp4").write_bytes(b"film")
    if stamp is not None:
        (tmp_path / render.STAMP).write_text(stamp)
    with pytest.raises(BadInput, match="rendered from another file"):
        render.render(few, tmp_path, 1)
