"""What people read of a lot: whole numbers, on the city's clock, labelled, and '-' where nothing is known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from serving.parking import chart
from serving.parking.replies import Parking, ParkingLot, ParkingPrediction

MONDAY = datetime(2026, 3, 1, 15, tzinfo=UTC)
"""Midnight in Seoul."""
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def lot(**changes: Any) -> ParkingLot:
    fields: dict[str, Any] = {
        "entity_id": "A$1$",
        "name": "Hall [1]",
        "city": "Seoul",
        "kind": "garage",
        "lat": 37.5663,
        "lon": 126.9779,
        "capacity": 200.0,
        "free": 180.0,
        "quality": "ok",
    }
    return ParkingLot(**fields | changes)


def parking(one: ParkingLot | None = None, *, known: bool = True, **changes: Any) -> Parking:
    """A day of one lot that is full around noon."""
    one = one or lot()
    hours = np.arange(1, 25)
    median = 100 + 95 * np.cos(2 * np.pi * hours / 24)
    spread = np.array([-30, -22, -10, 0, 10, 22, 30])
    free = np.clip(median[:, None] + spread * np.minimum(hours / 8, 1)[:, None], 0, 200)
    full = 1 / (1 + np.exp((median - 20) / 6))
    fields: dict[str, Any] = {
        "model": "parking",
        "version": "4",
        "quantity": "free_spaces",
        "unit": "spaces",
        "issued_at": MONDAY,
        "as_of": MONDAY,
        "step_min": 60,
        "simulated": False,
        "timezone": "Asia/Seoul",
        "levels": LEVELS,
        "full_share": 0.05,
        "measure": "free",
        "lots": (one,),
        "predictions": tuple(
            ParkingPrediction(
                entity_id=one.entity_id,
                target_time=MONDAY + timedelta(hours=int(hour)),
                step=int(hour),
                q10=float(values[1]) if known else None,
                q50=float(values[3]) if known else None,
                q90=float(values[5]) if known else None,
                values=tuple(values.tolist()) if known else (),
                full=float(chance) if known else None,
                quality=one.quality,
            )
            for hour, values, chance in zip(hours, free, full, strict=True)
        ),
    }
    return Parking(**fields | changes)


def printed(table: Any) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def words(table: Any) -> str:
    """On one line."""
    return " ".join(printed(table).split())


def drawn(told: Parking, monkeypatch: pytest.MonkeyPatch) -> Any:
    figures: list[Any] = []
    monkeypatch.setattr(chart, "save_png", lambda figure, path: figures.append(figure))
    chart.png(told, told.lots[0], Path("parking.png"))
    return figures[0]


def test_a_table_of_steps_with_the_chance_of_being_full() -> None:
    said = printed(chart.terminal(parking(), lot()))
    assert "Free spaces of Hall [1] (A$1$), issued 2026-03-02 00:00 Asia/Seoul" in words(
        chart.terminal(parking(), lot())
    )
    assert "q05" in said
    noon = next(line for line in said.splitlines() if "Mon 12:00" in line)
    assert noon.split()[5:7] == ["92", "%"]
    # The median of 5 in 200 is one of the first cells of the fan.
    assert "█" in noon.split()[-1][:3]
    assert "parking/4, now 180 free, of 200, quality: ok" in words(chart.terminal(parking(), lot()))


def test_where_nothing_is_known_no_number_stands() -> None:
    unknown = lot(free=None, capacity=None, quality="fallback: its capacity is not known")
    for table in (
        chart.terminal(parking(unknown, known=False), unknown),
        chart.overview(parking(unknown, known=False)),
    ):
        said = printed(table)
        assert "%" not in said
        assert " - " in said


def test_an_overview_says_when_a_lot_is_most_likely_full() -> None:
    said = printed(chart.overview(parking(simulated=True)))
    assert "SIMULATED" in said
    line = next(line for line in said.splitlines() if "Hall [1]" in line)
    assert "92 %" in line
    assert "Mon 12:00" in line


def test_a_picture_shows_fan_capacity_now_and_the_chance_of_being_full(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(parking(simulated=True), monkeypatch)
    above, below = figure.axes
    labels = [text.get_text() for text in above.get_legend().get_texts()]
    assert labels == [
        "q05 to q95",
        "q10 to q90",
        "q25 to q75",
        "median",
        "now: 180",
        "capacity: 200",
        "full: at most 10",
    ]
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["chance of being full (at most 5 % free)"]
    assert figure.get_suptitle().startswith("SIMULATED  Free spaces of Hall [1] (A$1$)")
    assert below.get_ylim() == (0, 100)
    for axes in figure.axes:
        legend = axes.get_legend().get_window_extent()
        assert legend.y0 >= axes.get_window_extent().y1 - 1, "no line runs through the legend"


@pytest.mark.parametrize(
    ("one", "known"),
    [
        pytest.param(lot(free=None, capacity=None), False, id="nothing known"),
        pytest.param(lot(free=None), True, id="no count"),
        pytest.param(lot(free=215.0), True, id="more free than there are"),
    ],
)
def test_a_picture_of_a_lot_of_which_little_is_known(one: ParkingLot, known: bool, tmp_path: Path) -> None:
    path = tmp_path / "parking.png"
    chart.png(parking(one, known=known), one, path)
    assert path.stat().st_size > 1000
