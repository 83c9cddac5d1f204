"""A forecast is read right: whole numbers, on the city's clock, labelled, and '-' where there is none."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib import font_manager
from rich.console import Console

from serving.traffic import chart
from serving.traffic.replies import Forecast, Observed, Prediction

PNG = b"\x89PNG\r\n\x1a\n"
NAN = float("nan")
MONDAY = datetime(2022, 3, 6, 15, tzinfo=UTC)
"""Midnight in Seoul."""
HOUR = timedelta(hours=1)
KOREAN_FONTS = {"NanumGothic", "Noto Sans CJK KR", "Malgun Gothic", "AppleGothic"}


def forecast(
    *, entity: str = "A-01/in", measured: int = 3, top: float = 900, quality: str = "ok", **changes: Any
) -> Forecast:
    """Two steps up to ``top`` after so many measured hours of another day's half of it."""
    quantiles = [(top / 3, top / 2, top), (NAN, NAN, NAN) if "never" in quality else (0.0, top / 3, top / 2)]
    fields = {
        "model": "traffic",
        "version": "4",
        "quantity": "volume_veh_h",
        "unit": "veh/h",
        "issued_at": MONDAY,
        "as_of": MONDAY,
        "step_min": 60,
        "simulated": False,
        "timezone": "Asia/Seoul",
        "levels": (0.1, 0.5, 0.9),
        "predictions": tuple(
            Prediction(
                entity_id=entity,
                target_time=MONDAY + at * HOUR,
                step=at + 1,
                q10=q10,
                q50=q50,
                q90=q90,
                quality=quality,
                values=(q10, q50, q90),
            )
            for at, (q10, q50, q90) in enumerate(quantiles)
        ),
        "observed": tuple(
            Observed(time=MONDAY - back * HOUR, entity_id=entity, value=top / 2) for back in range(measured, 0, -1)
        ),
    }
    return Forecast(**(fields | changes))


def never_measured(entity: str = "A-01/in") -> Forecast:
    """Nothing known, nothing said."""
    said = forecast(entity=entity, measured=0, quality="fallback: never measured").predictions[1:]
    return forecast(entity=entity, measured=0, predictions=said)


def printed(answer: Forecast, *, width: int = 80, entity: str = "A-01/in") -> list[str]:
    """The lines of the table on a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False)
    console.print(chart.terminal(answer, entity))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in lines)
    return lines


@pytest.mark.parametrize("width", [pytest.param(80, id="80 columns"), pytest.param(64, id="64 columns")])
@pytest.mark.parametrize(
    ("top", "words"),
    [
        pytest.param(9, ["4", "3", "4", "9"], id="one digit"),
        pytest.param(9000, ["4500", "3000", "4500", "9000"], id="volumes of an expressway"),
        pytest.param(9_000_000, ["4500000", "3000000", "4500000", "9000000"], id="seven digits"),
    ],
)
def test_numbers_and_times_are_shown_whole(top: float, words: list[str], width: int) -> None:
    lines = printed(forecast(top=top), width=width)
    measured, ahead = (next(line for line in lines if hour in line) for hour in ("Sun 23:00", "Mon 00:00"))

    assert "…" not in "".join(lines)
    assert measured.split()[2] == words[0]
    assert ahead.split()[2:5] == words[1:]


def test_measured_rows_come_first_then_the_forecast_on_the_citys_clock() -> None:
    rows = [line for line in printed(forecast(measured=14)) if re.match(r" +\w{3} \d\d:00", line)]
    times = [line.split()[1] for line in rows]

    # Half a day back is enough to see where it is going.
    assert times == [f"{hour:02d}:00" for hour in [*range(12, 24), 0, 1]]
    assert all("●" in line for line in rows[:12])
    assert all("█" in line for line in rows[12:])


def test_the_fan_widens_with_the_interval() -> None:
    lines = printed(forecast())
    first, second = (next(line for line in lines if hour in line) for hour in ("Mon 00:00", "Mon 01:00"))

    assert re.search(r" ░+█░+$", first.rstrip())
    # From nothing to half of the scale.
    assert len(second.rstrip()) < len(first.rstrip())
    assert len(re.findall("░", first)) == 20


@pytest.mark.parametrize(
    ("simulated", "begins"),
    [pytest.param(True, "SIMULATED  A-01/in", id="yes"), pytest.param(False, "A-01/in", id="no")],
)
def test_simulated_stands_in_the_title(simulated: bool, begins: str) -> None:
    title = printed(forecast(simulated=simulated))[0].strip()

    assert title == f"{begins}  volume_veh_h, issued 2022-03-07 00:00 Asia/Seoul"


@pytest.mark.parametrize("quality", ["ok", "degraded: stale", "fallback: profile of other hours"])
def test_the_caption_says_which_model_which_unit_and_how_good(quality: str) -> None:
    assert printed(forecast(quality=quality))[-1].strip() == f"traffic/4, veh/h, quality: {quality}"


def test_what_was_never_measured_has_no_numbers() -> None:
    lines = printed(never_measured())
    row = next(line for line in lines if "Mon 01:00" in line)

    assert row.split() == ["Mon", "01:00", "-", "-", "-", "no", "forecast"]
    assert "nan" not in "".join(lines)


def test_a_road_without_a_car_is_drawn_at_zero() -> None:
    lines = printed(forecast(top=0))

    assert next(line for line in lines if "Mon 00:00" in line).split() == ["Mon", "00:00", "0", "0", "0", "█"]


@pytest.mark.parametrize("name", ["A[1]/in", "[/red]", "[bold]A", ":100:", "강남대로/유입", "$x^{$", "a\\b"])
def test_a_name_is_printed_and_drawn_as_it_is(name: str, tmp_path: Path) -> None:
    answer = forecast(entity=name)

    assert printed(answer, entity=name)[0].strip().startswith(f"{name}  volume_veh_h")
    chart.png(answer, name, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(PNG)


def test_only_the_entity_that_is_named_is_shown() -> None:
    one, other = forecast(), forecast(entity="A-01/out", top=4000)
    both = forecast(predictions=one.predictions + other.predictions, observed=one.observed + other.observed)

    assert printed(both) == printed(one)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: forecast(), id="a forecast after measurements"),
        pytest.param(lambda: forecast(measured=0), id="without measurements"),
        pytest.param(lambda: forecast(top=0), id="of nothing but zeros"),
        pytest.param(lambda: never_measured(), id="of a place that was never measured"),
    ],
)
def test_the_picture_is_a_png_with_something_in_it(answer: Callable[[], Forecast], tmp_path: Path) -> None:
    path = tmp_path / "chart.partial"
    chart.png(answer(), "A-01/in", path)

    assert path.read_bytes().startswith(PNG)
    pixels = matplotlib.image.imread(io.BytesIO(path.read_bytes()))
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["chart.partial"]


def drawn(name: str, path: Path) -> bytes:
    chart.png(forecast(entity=name), name, path)
    return path.read_bytes()


@pytest.mark.parametrize("changes", [{"simulated": True}, {"quality": "degraded: stale"}], ids=["simulated", "stale"])
def test_the_picture_is_labelled_as_the_table_is(changes: dict[str, Any], tmp_path: Path) -> None:
    for name, answer in {"plain": forecast(), "labelled": forecast(**changes)}.items():
        chart.png(answer, "A-01/in", tmp_path / name)

    assert (tmp_path / "plain").read_bytes() != (tmp_path / "labelled").read_bytes()


def test_a_korean_name_is_drawn_in_a_korean_font(tmp_path: Path) -> None:
    if not KOREAN_FONTS & {font.name for font in font_manager.fontManager.ttflist}:
        pytest.skip("no Korean font is installed: apt install fonts-nanum")

    assert drawn("강남", tmp_path / "chart.png") != drawn("서초", tmp_path / "chart.png")


def test_without_a_korean_font_a_picture_is_drawn_and_nobody_is_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [font for font in font_manager.fontManager.ttflist if font.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)

    # Warnings are errors here; every letter is the same box.
    assert drawn("강남", tmp_path / "chart.png") == drawn("서초", tmp_path / "chart.png")
