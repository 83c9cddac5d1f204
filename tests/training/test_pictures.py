"""Pictures are drawn whatever places are called and however much was measured."""

import numpy as np
import pytest
from matplotlib import font_manager

from features import figure as figure_module
from features.figure import save_png
from training import pictures
from training.scores import Scoreboard

PNG = b"\x89PNG"


@pytest.fixture
def scores():
    """Three places, four steps; the third place was never measured, nor was the last step."""
    chance = np.random.default_rng(3)
    board = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    for hour in range(24):
        measured = chance.uniform(0, 100, (3, 4)).astype(np.float32)
        measured[2] = np.nan
        measured[:, 3] = np.nan
        forecast = np.sort(chance.uniform(0, 100, (3, 4, 3)).astype(np.float32), axis=-1)
        hours = (np.arange(4) + hour) % 24
        board.add(forecast, measured, {"last value": forecast[..., 0], "other": forecast[..., 2]}, hours)
    return board


def drawn(figure, tmp_path):
    save_png(figure, tmp_path / "picture.png")
    return (tmp_path / "picture.png").read_bytes()


def fan(title):
    times = [np.datetime64("2022-03-07T00:00", "m") + np.arange(4) * np.timedelta64(60, "m")]
    forecast = np.array([[1, 2, 3]] * 4, dtype=np.float32)
    return pictures.fan_chart(times, [forecast], [np.array([2, np.nan, 2, 2])], interval=0.8, title=title, unit="veh/h")


@pytest.mark.parametrize(
    "korean", [pytest.param(True, id="whatever fonts there are"), pytest.param(False, id="without a Korean font")]
)
def test_a_korean_name_is_drawn(korean, tmp_path, monkeypatch):
    if not korean:
        monkeypatch.setattr(figure_module, "_KOREAN_FONTS", ())

    assert drawn(fan("서울역/in: a typical week"), tmp_path).startswith(PNG)


def test_a_korean_name_is_drawn_in_a_korean_font_where_there_is_one(tmp_path, monkeypatch):
    installed = {font.name for font in font_manager.fontManager.ttflist}
    if not installed & set(figure_module._KOREAN_FONTS):
        pytest.skip("no Korean font is installed: apt install fonts-nanum")
    with_font = drawn(fan("서울역/in"), tmp_path)
    monkeypatch.setattr(figure_module, "_KOREAN_FONTS", ())

    assert with_font != drawn(fan("서울역/in"), tmp_path)


def test_a_picture_holds_what_it_says():
    axes = fan("A-01/in").axes[0]

    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "80 % interval",
        "forecast at midnight",
        "measured",
    ]
    assert axes.get_ylabel() == "veh/h"
    assert axes.get_ylim()[0] == 0


def test_every_forecaster_has_its_line(scores, tmp_path):
    figure = pictures.error_by_step(scores, title="Error")

    assert [line.get_label() for line in figure.axes[0].lines] == ["linear", "last value", "other"]
    assert drawn(figure, tmp_path).startswith(PNG)


def test_a_forecast_that_never_errs_is_drawn(tmp_path):
    board = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    board.add(np.full((1, 2, 3), 5, np.float32), np.full((1, 2), 5, np.float32), {}, np.array([0, 1]))

    assert drawn(pictures.error_by_step(board, title="Error"), tmp_path).startswith(PNG)


def test_hours_and_steps_without_a_target_stay_blank(scores, tmp_path):
    figure = pictures.error_by_hour(scores, title="Error")
    shown = np.asarray(figure.axes[0].images[0].get_array().filled(np.nan))

    assert np.isnan(shown[:, 3]).all()
    assert not np.isnan(shown[0, 0])
    assert drawn(figure, tmp_path).startswith(PNG)


@pytest.mark.parametrize(
    ("lat", "points"),
    [
        pytest.param([37.5, 37.6, 37.7], 2, id="without the place that was never measured"),
        pytest.param([37.5, np.nan, 37.7], 1, id="without the place that has no position"),
        pytest.param([np.nan] * 3, 0, id="no position at all"),
    ],
)
def test_the_map_shows_what_is_known(lat, points, tmp_path):
    lat, error = np.array(lat, dtype=np.float32), np.array([3, 4, np.nan], dtype=np.float32)
    figure = pictures.error_map(lat, lat + 90, error, title="Map", unit="veh/h")

    assert len(figure.axes[0].collections[0].get_offsets()) == points
    assert drawn(figure, tmp_path).startswith(PNG)


def test_coverage_stands_beside_what_was_meant(scores, tmp_path):
    figure = pictures.coverage(scores, target=0.8, title="Coverage")

    assert 0.8 in figure.axes[0].lines[1].get_ydata()
    assert drawn(figure, tmp_path).startswith(PNG)
