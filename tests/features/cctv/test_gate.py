"""Where a detector looks, and where it is spared the work."""

import numpy as np
import pytest

from features.cctv.gate import Gate, GateConfig, Look
from features.errors import BadInput

SIZE = (352, 288)
WHOLE = Look((0, 0, 352, 288), closer=False)
NOBODY = np.zeros((0, 4), np.float32)


def mask(*boxes):
    found = np.zeros((288, 352), np.uint8)
    for left, top, right, bottom in boxes:
        found[top:bottom, left:right] = 255
    return found


MOVES, STILL = mask((100, 100, 140, 130)), mask()


def looks(config, moving, until_s=4.0, held=NOBODY, step_s=0.2):
    gate = Gate(SIZE, config)
    return [gate.looks(moving, held, number * step_s) for number in range(round(until_s / step_s))]


@pytest.mark.parametrize(
    ("moving", "every"), [pytest.param(MOVES, 2, id="while anything moves"), pytest.param(STILL, 10, id="in quiet")]
)
def test_everything_is_looked_at_now_and_then(moving, every):
    found = looks(GateConfig(full_s=0.4, quiet_s=2.0), moving)
    assert [one == [WHOLE] for one in found] == [number % every == 0 for number in range(20)]
    assert [one == [] for one in found] == [number % every != 0 for number in range(20)]


@pytest.mark.parametrize("step_s", [0.199, 0.2, 0.201])
def test_pictures_that_come_a_little_early_or_late_are_looked_at_all_the_same(step_s):
    found = looks(GateConfig(full_s=0.4), MOVES, step_s=step_s)
    assert sum(map(len, found)) == 10


def test_who_comes_in_is_seen_at_once():
    gate = Gate(SIZE, GateConfig(full_s=0.4, quiet_s=2.0))
    assert gate.looks(STILL, NOBODY, 0) == [WHOLE]
    assert gate.looks(STILL, NOBODY, 0.4) == []
    assert gate.looks(MOVES, NOBODY, 0.6) == [WHOLE]


def test_a_speck_is_nobody():
    assert sum(map(len, looks(GateConfig(), mask((50, 50, 54, 53))))) == 2


def test_between_two_looks_what_moves_is_looked_at_alone():
    found = looks(GateConfig(full_s=0.4, part_s=0.2), mask((100, 100, 140, 130), (200, 60, 220, 70)), until_s=0.8)
    part = Look((92, 52, 228, 138), closer=False)
    assert found == [[WHOLE], [part], [WHOLE], [part]]


def test_a_part_ends_where_the_picture_does():
    found = looks(GateConfig(full_s=0.4, part_s=0.2), mask((0, 280, 40, 288)), until_s=0.4)
    assert found[1] == [Look((0, 272, 48, 288), closer=False)]


def test_a_closer_look_goes_where_small_ones_are_and_does_not_stay_there():
    held = np.array([[20, 10, 34, 20], [40, 12, 54, 22], [60, 10, 74, 20], [250, 200, 264, 210]], np.float32)
    found = looks(GateConfig(full_s=2.0, close_s=0.4), MOVES, held=held)
    closer = [look.region for one in found for look in one if look.closer]
    assert len(closer) == 10
    assert (closer[0][0], closer[0][1]) == (0, 0)
    assert all((right - left, bottom - top) == (211, 173) for left, top, right, bottom in closer)
    seen = [any(left <= 250 and right >= 264 and bottom >= 210 for left, _, right, bottom in closer)]
    assert seen == [True]
    assert len(set(closer)) > 2


def test_nothing_is_looked_at_closely_where_nothing_moves():
    assert not any(look.closer for one in looks(GateConfig(close_s=0.4), STILL) for look in one)


@pytest.mark.parametrize(("slow_s", "looks_at"), [(2.0, [2, 4, 6]), (0.0, [])])
def test_the_slow_background_is_looked_at_now_and_then_and_not_at_first(slow_s, looks_at):
    gate = Gate(SIZE, GateConfig(slow_s=slow_s))
    assert [time_s for time_s in range(8) if gate.looks_at_background(float(time_s))] == looks_at


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"full_s": 3}, "full_s=3 is not within", id="looks seldomer while something moves"),
        pytest.param({"full_s": -1}, "full_s=-1 is not within", id="looks before it looked"),
        pytest.param({"close_share": 1}, "close_share=1 is no part", id="a part as large as all"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(changes, cause):
    with pytest.raises(BadInput, match=cause):
        GateConfig(**changes)
