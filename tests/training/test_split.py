"""Three parts, one after the other, each long enough for its purpose."""

from datetime import timedelta

import pytest

from features.errors import BadInput
from training.split import Split


def test_parts_by_shares(city):
    split = Split.by_shares(city, (0.6, 0.2, 0.2))

    assert (split.validation, split.test, split.end) == (1008, 1344, 1680)


@pytest.mark.parametrize(
    "shares",
    [
        pytest.param((0.6, 0.4), id="two"),
        pytest.param((0.25, 0.25, 0.25, 0.25), id="four"),
        pytest.param((0.6, 0.3, 0.3), id="more than all"),
        pytest.param((1.2, -0.4, 0.2), id="less than nothing"),
        pytest.param((0.8, 0.2, 0.0), id="no test"),
        pytest.param((float("nan"),) * 3, id="no numbers"),
    ],
)
def test_shares_that_are_no_parts_are_refused(shares, city):
    with pytest.raises(BadInput, match="is not three positive shares"):
        Split.by_shares(city, shares)


def test_parts_by_instants(city):
    split = Split.at(city, city.time(1000), city.time(1400))

    assert (split.validation, split.test, split.end) == (1000, 1400, 1680)


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        pytest.param(1400, 1000, "into three parts", id="the wrong way round"),
        pytest.param(1000, 1000, "into three parts", id="no validation"),
        pytest.param(0, 1000, "into three parts", id="no training"),
        pytest.param(1000, 1680, "into three parts", id="no test"),
        pytest.param(-5, 9999, "into three parts", id="outside"),
        pytest.param(1000.5, 1400, "is not on the 60-minute clock", id="between two hours"),
    ],
)
def test_instants_that_cut_no_parts_are_refused(validation, test, message, city):
    with pytest.raises(BadInput, match=message):
        Split.at(city, city.start + timedelta(hours=validation), city.start + timedelta(hours=test))


@pytest.mark.parametrize(
    ("split", "part"),
    [
        pytest.param(Split(validation=147, test=400, end=700), "train", id="train"),
        pytest.param(Split(validation=300, test=347, end=700), "validation", id="validation"),
        pytest.param(Split(validation=300, test=400, end=424), "test", id="test"),
    ],
)
def test_a_part_that_is_too_short_is_named(split, part):
    with pytest.raises(BadInput, match=f"The {part} part has [0-9]+ steps; this history and horizon need"):
        split.check(warmup_steps=100, horizon_steps=24)


def test_parts_just_long_enough_pass():
    assert Split(validation=148, test=196, end=221).check(warmup_steps=100, horizon_steps=24) is None
