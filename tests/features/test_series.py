from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from features.errors import BadInput
from features.series import Panel, unit_of

START = datetime(2022, 1, 1, tzinfo=UTC)
NAN = float("nan")


def panel(values: Any = ((1, 2), (NAN, 0), (5, 6)), **changes: Any) -> Panel:
    fields: dict[str, Any] = {"start": START, "step_min": 60, "entities": ("a", "b"), "quantity": "volume_veh_h"}
    return Panel(values=np.array(values, dtype=np.float32), **fields | changes)


def instants(*hours: float | None) -> np.ndarray:
    """(hour, 2) of UTC instants so many hours after the start; None is not a time."""
    first = np.datetime64("2022-01-01T00:00:00", "s")
    row = [np.datetime64("NaT", "s") if h is None else first + np.timedelta64(int(h * 3600), "s") for h in hours]
    return np.array([row, row], dtype="datetime64[s]").T


def test_rows_are_intervals_from_the_start_on():
    assert len(panel()) == 3
    assert panel().step == timedelta(hours=1)
    assert panel().end == START + timedelta(hours=3)
    assert panel().time(2) == START + timedelta(hours=2)
    assert panel().index(START + timedelta(hours=2)) == 2


@pytest.mark.parametrize("index", [pytest.param(-24, id="before it"), pytest.param(100, id="beyond it")])
def test_the_clock_goes_on_outside_the_panel(index):
    assert panel().index(panel().time(index)) == index


def test_time_between_two_rows_is_refused():
    with pytest.raises(BadInput, match="not on the 60-minute clock"):
        panel().index(START + timedelta(minutes=30))


def test_window_keeps_clock_values_and_availability_together():
    known = instants(1, 2, 5)
    window = panel(available_at=known).window(1, 3)
    assert window.start == START + timedelta(hours=1)
    np.testing.assert_array_equal(window.values, [[NAN, 0], [5, 6]])
    assert window.available_at is not None
    np.testing.assert_array_equal(window.available_at, known[1:])


def test_select_takes_columns_by_name_and_absent_entities_are_missing_never_zero():
    chosen = panel(available_at=instants(1, 2, 3)).select(("b", "c", "a"))
    assert chosen.entities == ("b", "c", "a")
    np.testing.assert_array_equal(chosen.values, [[2, NAN, 1], [0, NAN, NAN], [6, NAN, 5]])
    assert chosen.available_at is not None
    assert np.isnat(chosen.available_at[:, 1]).all()
    assert not np.isnat(chosen.available_at[:, [0, 2]]).any()


def test_a_true_zero_is_a_measurement():
    assert not np.isnan(panel().values[1, 1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"start": datetime(2022, 1, 1)}, "has no zone", id="a start without a zone"),  # noqa: DTZ001
        pytest.param({"entities": ("a",)}, r"shape \(3, 2\), expected \(time, 1 entities\)", id="a column too many"),
        pytest.param({"values": (1, 2)}, r"shape \(2,\)", id="no columns"),
        pytest.param({"entities": ("a", "a")}, "Entity 'a' has two columns", id="an entity twice"),
        pytest.param({"values": ((1, 2), (3, np.inf))}, "b at 2022-01-01T01:00:00.* is infinite", id="infinity"),
        pytest.param({"available_at": instants(1, 2)}, r"available_at has shape \(2, 2\)", id="times of other rows"),
        pytest.param({"available_at": instants(1, 2, None)}, "a at .*T02.* never became known", id="a value unknown"),
    ],
)
def test_what_contradicts_itself_is_refused(changes, words):
    with pytest.raises(BadInput, match=words):
        panel(**changes)


def test_nothing_measured_needs_no_availability():
    nothing = panel(values=np.full((3, 2), NAN), available_at=instants(None, None, None))
    assert np.isnan(nothing.values).all()


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        pytest.param("volume_veh_h", "veh/h", id="volume"),
        pytest.param("speed_kmh", "km/h", id="speed"),
        pytest.param("queue_veh", "veh", id="vehicles"),
        pytest.param("count", "unknown", id="a name without a unit"),
    ],
)
def test_unit_is_what_the_name_ends_in(quantity, unit):
    assert unit_of(quantity) == unit
