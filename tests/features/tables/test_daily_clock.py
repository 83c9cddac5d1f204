"""A file whose hours are shifted is refused by what follows the sun."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.errors import BadInput
from features.tables.daily_clock import DailyClock

CLOCK = DailyClock(words="ozone is highest", peak_h=15.25, most_off_h=3, least_days=30)
FILE = Path("air.csv")
# Midnight in Seoul.
START = datetime(2021, 3, 1, 15, tzinfo=UTC)


def _ozone(shift_h: int, *, days: int = 40, swing: float = 0.5) -> tuple[pl.Series, pl.Series]:
    """Ozone that is highest at 15:15, its hours written ``shift_h`` later than they were."""
    seed = 17
    hours = np.arange(24 * days)
    value = 0.03 * (1 + swing * np.cos((hours - 15.25) * 2 * np.pi / 24))
    value += np.random.default_rng(seed).normal(0, 0.002, len(hours))
    return pl.Series([START + timedelta(hours=int(hour) + shift_h) for hour in hours]), pl.Series(value)


@pytest.mark.parametrize("shift_h", [0, 2, -2, 5, -9])
def test_it_tells_how_far_a_clock_is_off(shift_h):
    assert CLOCK.off_h(*_ozone(shift_h)) == pytest.approx(shift_h, abs=0.1)


@pytest.mark.parametrize(
    ("shift_h", "said", "mend"),
    [
        pytest.param(-9, "near 6:00 by its times, not near 15:00", "pass --timezone UTC", id="written in UTC"),
        pytest.param(5, "some 5 hours ahead of Asia/Seoul", "--timezone", id="ahead"),
    ],
)
def test_shifted_hours_are_refused(shift_h, said, mend):
    with pytest.raises(BadInput, match="ozone is highest") as refused:
        CLOCK.refuse_shifted(*_ozone(shift_h), FILE)
    assert said in refused.value.cause
    assert mend in refused.value.mend


def test_a_few_days_and_a_flat_day_tell_no_time():
    assert CLOCK.off_h(*_ozone(-9, days=10)) is None
    assert CLOCK.off_h(*_ozone(-9, swing=0.0)) is None
