"""A forecast that is given as a reading of tomorrow: seen from when it was issued, and remembered by the state."""

from datetime import timedelta

import numpy as np
import pytest

from features.disaster.advance import Raw, advance
from features.disaster.build import build
from features.disaster.measured import Measured
from features.disaster.state import load, save
from tests.features.disaster.doubles import DAYS_START, config_of, newborn, places_of

CONFIG = config_of("tmax33")
DAY = timedelta(days=1)
NAMES = [feature.name for feature in CONFIG.features]
AHEAD, LATEST = NAMES.index("ldaps_tmax_c ahead 1"), NAMES.index("ldaps_tmax_c lag 0")


def _measured(days: int, *, issued_early_days: int = 1) -> Measured:
    """What was measured on each of ``days`` days, and what was forecast for them and the day after, the day before."""
    places, rows = places_of(CONFIG), days + 1
    forecast = 20 + np.arange(rows, dtype=np.float32)[:, None] + np.zeros((1, len(places)), np.float32)
    measured = np.where(np.arange(rows)[:, None] < days, forecast + 1, np.float32(np.nan)).astype(np.float32)
    own = np.datetime64(DAYS_START.replace(tzinfo=None), "s") + np.arange(rows) * np.timedelta64(1, "D")
    known = np.repeat((own - np.timedelta64(issued_early_days, "D"))[:, None], len(places), axis=1)
    return Measured(
        start=DAYS_START,
        step_min=1440,
        entities=places,
        values={"air_temperature_max_c": measured, "ldaps_tmax_c": forecast},
        available_at={"ldaps_tmax_c": known},
    )


def test_the_state_remembers_what_was_forecast_for_tomorrow(tmp_path):
    start, measured = newborn(CONFIG, DAYS_START - DAY), _measured(10)
    now = measured.time(9)
    at_once = build(Raw(measured=measured), start, CONFIG, [now])
    state = advance(start, Raw(measured=measured), CONFIG, now)
    save(state, tmp_path / "state.parquet")
    for known in (state, load(tmp_path / "state.parquet", CONFIG)):
        later = build(None, known, CONFIG, [now])
        for name, array in at_once.inputs.items():
            np.testing.assert_array_equal(later.inputs[name], array, err_msg=name)
    assert at_once.inputs["feature_mask"][:, AHEAD].all()
    assert at_once.inputs["feature"][0, AHEAD] == pytest.approx(30)


def test_tomorrow_it_is_what_was_forecast_for_today():
    state = advance(newborn(CONFIG, DAYS_START - DAY), Raw(measured=_measured(10)), CONFIG, _measured(10).time(9))
    table = build(None, state, CONFIG, [state.as_of + DAY])
    assert table.inputs["feature"][0, LATEST] == pytest.approx(30)
    assert not table.inputs["feature_mask"][:, AHEAD].any()


def test_a_forecast_is_not_seen_before_it_is_issued():
    start, measured = newborn(CONFIG, DAYS_START - DAY), _measured(10, issued_early_days=0)
    now = measured.time(9)
    table = build(Raw(measured=measured.known_by(now)), start, CONFIG, [now])
    assert not table.inputs["feature_mask"][:, AHEAD].any()
    assert table.inputs["feature"][0, LATEST] == pytest.approx(29)
