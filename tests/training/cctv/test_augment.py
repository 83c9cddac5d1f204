"""A lesson that was cut out, scaled and relit still has its boxes on what they were on."""

import numpy as np
import pytest

from features.cctv.kinds import KINDS, UserKind
from training.cctv.augment import cut

SIDE = 128
SEEDS = range(40)
EVEN = np.ones(len(KINDS), np.float32)


def lesson(left=80, top=60, right=130, bottom=100, counts=1):
    """A white block that differs from both backgrounds, on black; its box."""
    views = np.zeros((180, 240, 5), np.uint8)
    views[top:bottom, left:right] = 255
    return views, np.array([[left, top, right, bottom, 2, counts]], np.float32)


def drawn(seed, **changes):
    print(f"seed {seed}")  # noqa: T201
    views, targets = lesson(**changes)
    return cut(views, targets, EVEN, SIDE, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_go_where_their_pictures_go(seed):
    made = drawn(seed)

    assert made.channels.shape == (5, SIDE, SIDE)
    assert made.channels.dtype == np.float32
    assert 0 <= made.channels.min() <= made.channels.max() <= 255
    for left, top, right, bottom, kind, _ in made.targets:
        assert kind == 2
        inside = made.channels[:3, round(top) + 2 : round(bottom) - 2, round(left) + 2 : round(right) - 2]
        outside = made.channels[:3].mean()
        assert inside.size == 0 or inside.mean() > outside


def test_some_are_mirrored_some_scaled_some_dark():
    boxes = [drawn(seed).targets for seed in SEEDS]
    wide = [box[0, 2] - box[0, 0] for box in boxes if len(box)]

    assert max(wide) > 1.5 * min(wide)


def test_backgrounds_are_blind_now_and_then():
    blind = [float(drawn(seed).channels[3:].max()) < 30 for seed in range(120)]

    assert 0.02 < np.mean(blind) < 0.6


def test_the_same_chance_cuts_the_same():
    np.testing.assert_array_equal(drawn(3).channels, drawn(3).channels)


def test_what_nobody_knows_stays_so():
    assert not any(drawn(seed, counts=0).targets[:, 5].any() for seed in SEEDS)


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        pytest.param(UserKind.OBJECT, False, id="a thing that has always lain there is part of the street"),
        pytest.param(UserKind.CAR, True, id="a vehicle is one all the same"),
    ],
)
def test_what_is_in_the_background(kind, counts):
    views, targets = lesson()
    views[..., 3:] = 0
    targets[:, 4] = KINDS.index(kind)
    found = [cut(views, targets, EVEN, SIDE, np.random.default_rng(seed)).targets for seed in SEEDS]

    assert any(one[:, 5].any() for one in found) is counts


def test_a_thing_that_was_left_there_counts():
    views, targets = lesson()
    targets[:, 4] = KINDS.index(UserKind.OBJECT)
    found = [cut(views, targets, EVEN, SIDE, np.random.default_rng(seed)).targets for seed in SEEDS]

    assert np.mean([one[:, 5].any() for one in found]) > 0.5


def test_who_is_cut_off_does_not_count():
    views, targets = lesson(left=0, right=240, top=80, bottom=100)
    found = [cut(views, targets, EVEN, 64, np.random.default_rng(seed)).targets for seed in SEEDS]

    assert any(len(one) and not one[0, 5] for one in found)


def test_an_empty_road_is_a_lesson_too():
    views, targets = lesson()
    assert cut(views, targets[:0], EVEN, SIDE, np.random.default_rng(1)).targets.shape == (0, 6)
