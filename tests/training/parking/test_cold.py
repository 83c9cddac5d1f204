"""A lot whose history is hidden looks as ``build`` makes a lot look of which there is none."""

from datetime import timedelta

import numpy as np
import pytest

from features.parking.advance import Raw
from features.parking.build import build
from features.parking.sight import AHEAD, SEEN
from tests.features.parking.town import LOTS, START, counts, newborn, panel, small
from training.parking.cold import hide_history

CONFIG = small(horizon_steps=12)
STEPS = 5 * 7 * 24
LOT = 3  # alone in its city
OF_OTHERS = ("deviation of the city", "deviation of all", "mean deviation of the city", "like a Sunday in the city")


def table(*, counted):
    values, state = counts(4, STEPS, CONFIG), newborn(CONFIG)
    if not counted:
        values[:, LOT] = np.nan
        state.trait[:, LOT] = state.neighbour[:, LOT] = np.nan
    times = [START + (STEPS - 1 - back) * timedelta(hours=1) for back in (30, 7, 0)]
    return build(Raw(measured=panel(values, CONFIG)), state, CONFIG, times)


def own(names):
    return [at for at, name in enumerate(names) if not name.startswith(OF_OTHERS)]


@pytest.mark.parametrize("name", ["seen", "ahead", "now", "now_deviation", "now_mask", "profile", "profile_mask"])
def test_what_is_hidden_is_what_a_new_lot_lacks(name):
    hidden, new = table(counted=True), table(counted=False)
    rows = np.zeros(len(hidden.quality) * len(LOTS), dtype=bool)
    rows[LOT :: len(LOTS)] = True
    hide_history(hidden, rows)
    mine, theirs = hidden.inputs[name][rows], new.inputs[name][rows]
    columns = {"seen": SEEN, "ahead": AHEAD}.get(name)
    if columns is None:
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
        return
    masks = [one.inputs[f"{name}_mask"][rows] for one in (hidden, new)]
    for at in own(columns):
        np.testing.assert_array_equal(masks[0][..., at], masks[1][..., at], err_msg=columns[at])
        known = masks[0][..., at]
        np.testing.assert_allclose(mine[..., at][known], theirs[..., at][known], atol=1e-6, err_msg=columns[at])


def test_other_rows_are_left_alone():
    hidden, before = table(counted=True), table(counted=True)
    rows = np.zeros(len(hidden.quality) * len(LOTS), dtype=bool)
    rows[LOT :: len(LOTS)] = True
    hide_history(hidden, rows)
    for name, array in before.inputs.items():
        np.testing.assert_array_equal(hidden.inputs[name][~rows], array[~rows], err_msg=name)
    for name in ("width", "spread", "capacity", "capacity_mask", "calendar"):
        np.testing.assert_array_equal(hidden.inputs[name], before.inputs[name], err_msg=name)
