"""What becomes of one signal's readings: what cannot be true is missing, and a stuck or dead gauge is never calm."""

import numpy as np
import pytest

from features.disaster.sight import features, held, screened
from features.disaster.signal import Signal

NAN = float("nan")


def signal(**changes: object) -> Signal:
    return Signal.model_validate({"quantity": "stage_cm", "plausible": [0, 1000]} | changes)


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([0, 1000, 1000.1, -0.1], [0, 1000, NAN, NAN], id="on and beyond the plausible range"),
        pytest.param([10, 3403, 12], [10, NAN, 12], id="a spike"),
        pytest.param([5, 7, 7, 7], [5, NAN, NAN, NAN], id="stuck at last"),
        pytest.param([7, 7, 7, 5], [NAN, NAN, NAN, 5], id="stuck before, alive now"),
        pytest.param([5, 7, 7, 8], [5, 7, 7, 8], id="twice the same is not stuck"),
        pytest.param([7, 7, NAN, 7], [7, 7, NAN, 7], id="a gap breaks the run"),
    ],
)
def test_what_cannot_be_true_is_missing(readings, expected):
    np.testing.assert_array_equal(screened(row(*readings), signal(frozen=[{"readings": 3}])), row(*expected))


def test_a_reading_stands_for_those_missing_after_it_for_so_long_and_no_longer():
    np.testing.assert_array_equal(held(row(NAN, 3, NAN, NAN, NAN), 2), row(NAN, 3, 3, 3, NAN))


def test_features_are_what_their_names_say():
    one = signal(lags=[0, 2], changes=[1], highest=[3], lowest=[3], mean=[2], total=[3], spent=[3], line=4, ahead=[1])
    wanted = list(one.features(0))
    found = features(row(9, 2, 5, 4), one, wanted, row(7))
    expected = {"lag 0": 4, "lag 2": 2, "change 1": -1, "highest 3": 5, "lowest 3": 2, "mean 2": 4.5, "total 3": 11}
    expected |= {"spent 3": 2 / 3, "ahead 1": 7}
    assert {each.name.removeprefix("stage_cm "): value for each, value in zip(wanted, found[0], strict=True)} == {
        name: pytest.approx(value) for name, value in expected.items()
    }


def test_a_window_without_a_reading_is_unknown_and_a_missing_one_is_left_out_of_it():
    one = signal(lags=[0], mean=[2], highest=[2])
    found = features(np.array([[1, NAN, NAN], [1, NAN, 4]], dtype=np.float32), one, list(one.features(0)), row()[:, :0])
    np.testing.assert_array_equal(found, np.array([[NAN, NAN, NAN], [4, 4, 4]], dtype=np.float32))


def test_a_power_keeps_the_sign():
    one = signal(plausible=[-100, 100], power=0.5)
    assert features(row(-9), one, list(one.features(0)), row()[:, :0])[0, 0] == -3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"plausible": [5, 5]}, "no room", id="no plausible range"),
        pytest.param({"spent": [3]}, "spent and line", id="a time above no line"),
        pytest.param({"lags": []}, "nothing of it", id="a signal that nobody looks at"),
        pytest.param({"frozen": [{"readings": 2}]}, "greater than or equal to 3", id="stuck after two"),
    ],
)
def test_a_signal_without_sense_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        signal(**changes)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([2, 2, 2, 2, 2], [2, 2, 2, 2, 2], id="at rest below the line"),
        pytest.param([9, 9, 9, 9, 5], [NAN, NAN, NAN, NAN, 5], id="stuck on the line and above"),
        pytest.param([9, 9, 9, 5, 9], [9, 9, 9, 5, 9], id="not for long enough"),
        pytest.param([2, 2, 2, 9, 9], [2, 2, 2, 9, 9], id="rest is not counted with what follows"),
        pytest.param([1, 1, 1, 1, 1, 1], [NAN] * 6, id="below the line for very long"),
    ],
)
def test_readings_may_rest_below_a_line_and_not_above_it(readings, expected):
    still = [{"readings": 4, "at_least": 9}, {"readings": 6}]
    np.testing.assert_array_equal(screened(row(*readings), signal(frozen=still)), row(*expected))
