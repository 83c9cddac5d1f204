"""Widths reach as many of a lot's own errors as is meant, drawn to all lots' where it has few."""

import numpy as np
import pytest

from features.quantiles import MEDIAN, outer
from tests.training.parking.city import config
from training.parking.calibrate import Errors, widths

CONFIG = config()
LEVELS = np.array(outer(CONFIG.quantiles))
REACHED = np.where(LEVELS > MEDIAN, LEVELS, 1 - LEVELS)


def errors(scales, issues=4000, days=2000.0, seed=1):
    """Errors of lots, in multiples of the quantiles' distances, as normal as they are wide; NaN where it is."""
    chance = np.random.default_rng(seed)
    scaled = chance.standard_normal((issues, len(scales), CONFIG.horizon_steps, 1)) * np.array(scales)[:, None, None]
    side = np.where(LEVELS > MEDIAN, 1, -1)
    return Errors(scaled=(scaled * side).astype(np.float32), days=days)


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (0.5, 1.0, 3.0)], ids=["lots alike", "lots of their own"])
def test_as_many_errors_are_reached_as_is_meant(scales):
    found = errors(scales)
    width = widths(found, CONFIG)
    assert width.shape == (len(LEVELS), CONFIG.horizon_steps, len(scales))
    assert (width >= 0).all()
    inside = (found.scaled <= width.transpose(2, 1, 0)).mean(axis=(0, 2))
    np.testing.assert_allclose(inside, np.broadcast_to(REACHED, inside.shape), atol=0.02)


def test_a_lot_of_few_days_is_drawn_to_all_others():
    wide = (1.0,) * 9 + (4.0,)
    many, few = (widths(errors(wide, days=days), CONFIG)[-1, 0, -1] for days in (2000.0, 2.0))
    shared = widths(errors(wide), CONFIG)[-1, 0, 0]
    assert shared < few < many
    assert few - shared < 0.3 * (many - shared)


def test_a_lot_without_errors_has_the_widths_of_all_and_without_any_they_stay():
    found = errors((1.0, 1.0))
    found.scaled[:, 1] = np.nan
    width = widths(found, CONFIG)
    known = errors((1.0,)).scaled
    np.testing.assert_allclose(width[..., 1], width[..., 0], rtol=0.05)
    nothing = Errors(scaled=np.full_like(known, np.nan), days=9.0)
    assert (widths(nothing, CONFIG) == 1).all()


def test_steps_of_a_group_share_their_widths():
    width = widths(errors((1.0,)), CONFIG)
    assert (width[:, 1] == width[:, 2]).all(), "steps 2 and 3"
