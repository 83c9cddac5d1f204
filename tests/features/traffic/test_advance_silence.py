"""A silence that is jumped over leaves the state that stepping through it would have left."""

from datetime import timedelta

import numpy as np
import pytest

from features.traffic.advance import Raw, advance
from tests.features.traffic.city import (
    START,
    assert_equal,
    delays,
    hours,
    issued,
    newborn,
    panel,
    small,
    volumes,
)


@pytest.mark.parametrize("gap", [1, 13, 23, 24, 25, 26, 200])
@pytest.mark.parametrize("after", [0, 30])
@pytest.mark.parametrize("where", ["before the panel", "after the panel", "between two panels", "no panel row at all"])
def test_silence_equals_stepping_through_it(gap, after, where):
    config = small()
    lived = advance(
        newborn(config),
        Raw(measured=panel(volumes(1, 40)), issued=(issued(config, START + hours(40), 3, 4),)),
        config,
        START + hours(40),
    )
    values = volumes(2, 6)
    rows = 0 if where == "no panel row at all" else 6
    start = lived.as_of + hours(0 if where == "after the panel" else gap)
    tail = {"after the panel": gap, "between two panels": gap + 1}.get(where, 0) + after
    measured = panel(values[:rows], start=start)
    if where == "between two panels":
        measured = panel(values, start=start, available_at=delays(measured, np.full(values.shape, 60 * gap)))
    until = start + rows * measured.step + hours(tail)
    forecast = issued(config, start, 1, 2)
    jumped = advance(lived, Raw(measured=measured, issued=(forecast,)), config, until)
    stepped = lived
    for step in range((until - lived.as_of) // measured.step):
        # Rows that say nothing on both sides, so that there is no silence to jump over.
        now = lived.as_of + hours(step + 1)
        stepped = advance(stepped, Raw(measured=_padded(measured, now), issued=(forecast,)), config, now)
    assert_equal(jumped, stepped)


def _padded(measured, until):
    """``measured`` with missing rows from long before it to ``until``."""
    before = 48
    after = max(0, (until - measured.end) // measured.step)
    values = np.pad(measured.values, ((before, after), (0, 0)), constant_values=np.nan)
    known = measured.available_at
    if known is not None:
        known = np.pad(known, ((before, after), (0, 0)), constant_values=np.datetime64("NaT", "s"))
    return panel(values, start=measured.start - before * measured.step, available_at=known)


def test_silence_of_years_forgets_what_was_recent_and_keeps_the_profile():
    config = small()
    lived = advance(newborn(config), Raw(measured=panel(volumes(1, 40))), config, START + hours(40))
    later = advance(lived, Raw(measured=panel(volumes(2, 0))), config, START + timedelta(days=3000))
    for name in ("residual", "observed", "city_error", "pending"):
        assert np.isnan(getattr(later, name)).all()
    for name in ("level", "seen", "dispersion", "width"):
        np.testing.assert_array_equal(getattr(later, name), getattr(lived, name))
