"""The product's own parts, put together: a rendered film in at one end, what was seen out at the other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from features.errors import BadInput
from features.simulated.cctv.film import write_film
from features.simulated.cctv.plan import scenes
from serving.cctv.observer import Observer
from serving.cctv.seeing import make_parts
from serving.cctv.sight import WatchConfig, sights
from serving.cctv.told import Ended
from tests.serving.cctv.test_detectors import own

SINCE = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    (scene,) = scenes(3, range(489_000, 489_001), 1, 3.0)
    write_film(scene, folder, lambda: None)
    return folder / f"{scene.camera_id}.mp4"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "own.onnx").write_bytes(own().SerializeToString())
    return WatchConfig(detector=str(tmp_path / "own.onnx"), home=tmp_path, fps=5, at_once=True, since=SINCE)


def watched(config, *arguments):
    (sight,) = sights(*arguments)
    told = []
    Observer(sight, config, make_parts(config), told.append).run()
    return told


def test_a_rendered_film_is_watched_to_its_end_and_told_as_simulated(config, film):
    (sight,) = sights([str(film)], [film.with_suffix(".toml")])
    assert sight.simulated
    ended = watched(config, [str(film)], [film.with_suffix(".toml")])[-1]
    assert isinstance(ended, Ended)
    assert (ended.cause, ended.pictures) == ("", 15)


def test_what_it_sees_with_is_named_by_version_and_content(config, film):
    parts = make_parts(config)
    zoned, bare = (parts.eye(one, (352, 288)) for one in zones_and_none(film))
    assert zoned.by.detector == "own"
    assert len(zoned.by.rules_sha256) == len(zoned.by.zones_sha256) == 64
    assert zoned.carriageway.shape == (288, 352)
    assert (bare.by.zones_sha256, bare.carriageway) == ("", None)


def zones_and_none(film):
    (sight,) = sights([str(film)], [film.with_suffix(".toml")])
    return sight, replace(sight, zones=None)


def test_zones_that_do_not_fit_the_picture_end_the_camera_with_cause_and_mend(config, film, tmp_path):
    zones = tmp_path / "large.toml"
    zones.write_text('[[zone]]\nkind = "carriageway"\npoints = [[0, 0], [9000, 0], [9000, 9000]]\n')
    ended = watched(config, [str(film)], [zones])[-1]
    assert (ended.is_bad_input, ended.pictures) == (True, 0)
    assert "large.toml" in ended.cause


def test_a_detector_that_is_none_is_refused_before_anything_is_watched(config):
    with pytest.raises(BadInput, match="cannot be read"):
        make_parts(replace(config, detector="gone.onnx"))
