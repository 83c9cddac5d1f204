"""The better of two models is found, and no model ever beats itself or its equal by more than chance."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from features.errors import BadInput
from tests.training.ledgers import daily, ledger_of
from training.compare import CANNOT_TELL, NO_DIFFERENCE, compare

DAYS, PLACES = 60, 8


def errors(seed, shift=0.0, days=DAYS):
    """(day, place), absolute errors about ten."""
    chance = np.random.default_rng(seed)
    return chance.gamma(9, 10 / 9, (days, PLACES)) + shift


def compared(a, b, seed=7):
    return compare(daily(a), daily(b), seed=seed)


def test_a_model_never_beats_itself():
    for seed in range(20):
        found = compared(errors(1), errors(1), seed=seed)

        assert found.verdict == NO_DIFFERENCE
        assert found.overall.difference == found.overall.low == found.overall.high == 0
        assert (found.places.better_a, found.places.better_b, found.places.top) == (0, 0, {})


def test_equals_win_by_chance_in_one_case_of_twenty_at_most():
    print("seeds 0 to 399, and 1000 more")  # noqa: T201
    verdicts = [compared(errors(seed), errors(seed + 1000), seed=seed).verdict for seed in range(300)]

    # 300 tries of 5 % give up to 22 by their own chance.
    assert sum(verdict in ("a", "b") for verdict in verdicts) <= 22
    assert set(verdicts) == {NO_DIFFERENCE, "a", "b"}


@pytest.mark.parametrize(("shift", "verdict"), [(1.5, "a"), (-1.5, "b")])
def test_a_known_difference_is_found_and_measured(shift, verdict):
    all_found = [compared(errors(seed), errors(seed + 1000, shift), seed=seed) for seed in range(20)]

    assert {found.verdict for found in all_found} == {verdict}
    assert sum(found.overall.low < -shift < found.overall.high for found in all_found) >= 17


def test_a_difference_at_some_places_is_said_of_those():
    worse = errors(1)
    worse[:, :2] += 5
    worse[:, 2] -= 3
    found = compared(errors(1), worse)

    assert (found.places.better_a, found.places.better_b, found.places.count) == (2 / PLACES, 1 / PLACES, PLACES)
    assert set(found.places.top) == {"P-0", "P-1"}
    assert list(found.places.bottom) == ["P-2"]
    assert found.places.bottom["P-2"].difference == pytest.approx(3, rel=1e-4)


def test_a_difference_at_some_hours_is_said_of_those():
    chance = np.random.default_rng(7)
    off = chance.normal(0, 8, (40 * 24, 2, 3))
    worse = off.copy()
    rush = [hour for hour in range(40 * 24) if hour % 24 in (6, 7, 8) and hour // 24 % 7 < 5]
    worse[rush] *= 1.5
    worse[..., 2] *= 1.2
    found = compare(ledger_of(off), ledger_of(worse), seed=7)

    assert found.verdict == "a"
    assert found.by_step.keys() == {1, 3}
    assert abs(found.by_step[1].difference) < abs(found.by_step[3].difference)
    assert found.by_regime["rush hour"].verdict == "a"
    assert found.by_regime["rush hour"].difference < 2 * found.by_regime["night"].difference
    assert found.by_regime["holiday"].verdict == CANNOT_TELL  # one day only
    mean = sum(found.by_regime[name].mae_a * 1 for name in found.by_regime) / len(found.by_regime)
    assert found.overall.mae_a == pytest.approx(mean, rel=0.1)


def test_too_short_an_interval_cannot_tell():
    found = compared(errors(1, days=5), errors(2, 50, days=5))

    assert found.verdict == CANNOT_TELL
    assert found.sentence("x/1", "y/2").startswith("5 days are too few to tell x/1 from y/2 (MAE ")


def test_the_sentence_says_which_and_by_how_much():
    one, other = errors(1), errors(2, 3)
    found = compared(one, other)
    gain = other.mean() - one.mean()

    for sentence in (found.sentence("new/2", "old/1"), compared(other, one).sentence("old/1", "new/2")):
        assert sentence.startswith(
            f"new/2 errs less than old/1 by {gain:.2f} veh/h or {gain / other.mean():.1%}, at 95%"
        )
    assert "No difference beyond chance between x and y: +0.00" in compared(one, one).sentence("x", "y")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"step_min": 60}, "interval", id="interval"),
        pytest.param({"unit": "km/h"}, "unit veh/h and km/h", id="unit"),
        pytest.param({"data_sha256": "1" * 64}, "measurements 000000000000 and 111111111111", id="measurements"),
        pytest.param({"entities": tuple("abcdefgh")}, "entities P-0 and a", id="entities"),
        pytest.param({"entities": ("P-0",)}, "number of entities 8 and 1", id="fewer entities"),
        pytest.param({"timezone": "UTC"}, "clock Asia/Seoul and UTC", id="clock"),
    ],
)
def test_what_was_not_judged_on_the_same_is_refused(changes, message):
    ledger = daily(errors(1))

    with pytest.raises(BadInput, match=rf"They were not judged on the same: {message}.*--data"):
        compare(ledger, replace(ledger, **changes), seed=7)


def test_another_start_or_horizon_is_refused():
    ledger = daily(errors(1))
    with pytest.raises(BadInput, match=r"interval 2022-03-06.* and 2022-03-07"):
        compare(ledger, replace(ledger, start=ledger.start + timedelta(days=1)), seed=7)

    hours = np.zeros((70, 2, 3))
    with pytest.raises(BadInput, match=r"steps 3 of 60 min and 2 of 60 min"):
        compare(ledger_of(hours), ledger_of(np.zeros((71, 2, 2))), seed=7)


def test_a_target_that_only_one_forecast_is_refused():
    off = np.zeros((70, 2, 3))
    silent = off.copy()
    silent[5, 0, 1] = np.nan

    with pytest.raises(BadInput, match="number of targets forecast 420 and 419"):
        compare(ledger_of(off), ledger_of(silent), seed=7)
