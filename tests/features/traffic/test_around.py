"""What the places around say, where they say anything, and of what size an error is."""

import numpy as np
import pytest

from features.traffic.around import SMALLEST_ERROR, UNKNOWN_ERROR_SHARE, neighbour_errors, peak_level, typical_error
from tests.features.traffic.city import newborn, small

NAN = float("nan")
CONFIG = small(neighbours=2, factors=2)
NUMBERS = np.array([5, 4, 3])  # latest first


def lived(*, errors=((10, 20, 40), (1, 2, 4), (0, 0, 0)), usual=(10, 20, 40)):
    """Three entities of usual errors 10, 20 and 40, and what each erred at the last three intervals."""
    state = newborn(CONFIG)
    state.level[:], state.dispersion[:] = 100, np.float32(usual)
    state.residual[NUMBERS] = errors
    return state


def related(state):
    """The first entity looks at both others, the second at the third alone, the third at nobody."""
    state.neighbour[:] = [[1, 2, NAN], [2, NAN, NAN]]
    state.neighbour_weight[:] = [[0.75, 0.5, NAN], [0.25, NAN, NAN]]
    return state


def around(state):
    return neighbour_errors(state, NUMBERS, typical_error(state), CONFIG)


def test_neighbours_errors_come_in_the_entitys_own_size():
    found, _ = around(related(lived(errors=((0, 20, 80), (0, -20, 0), (0, 0, 0)))))

    # One and two typical errors, three to one.
    assert found[0].tolist() == pytest.approx([12.5, -7.5, 0])
    assert found[1].tolist() == pytest.approx([40, 0, 0])
    assert np.isnan(found[2]).all()


def test_own_error_is_nothing_of_the_neighbours():
    found, _ = around(related(lived(errors=((999, 20, 40), (999, 0, 0), (999, 0, 0)))))

    assert found[0].tolist() == pytest.approx([10, 0, 0])


def test_a_silent_neighbour_leaves_the_word_to_the_others():
    found, _ = around(related(lived(errors=((0, NAN, 80), (0, 20, NAN), (0, NAN, NAN)))))

    assert found[0].tolist() == pytest.approx([20, 10, NAN], nan_ok=True)
    assert found[1].tolist() == pytest.approx([40, NAN, NAN], nan_ok=True)


def test_where_nothing_was_fitted_nothing_is_known():
    found, patterns = around(lived())

    assert found.shape == (3, 3)
    assert np.isnan(found).all()
    assert patterns.shape == (3, 2)
    assert (patterns == 0).all()


def test_neighbours_that_err_nothing_are_known_to():
    found, _ = around(related(lived(errors=np.zeros((3, 3)))))

    assert (found[:2] == 0).all()


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        pytest.param((10, 20, 40), [3**0.5, 0], id="all err alike"),
        pytest.param((10, NAN, 40), [2**0.5, 1], id="a silent place takes nothing away"),
        pytest.param((NAN, NAN, NAN), [0, 0], id="nothing measured"),
        pytest.param((0, 0, 0), [0, 0], id="no error"),
        pytest.param((20, -40, 0), [0, 2 * 2**0.5], id="two against each other"),
    ],
)
def test_patterns_are_projections_on_what_was_measured(errors, expected):
    state = lived(errors=(errors, (0, 0, 0), (0, 0, 0)))
    state.loading[0] = 3**-0.5
    state.loading[1] = np.array([1, -1, 0]) / np.sqrt(2)

    _, patterns = around(state)

    np.testing.assert_allclose(patterns[0], expected, atol=1e-5)
    assert (patterns[1:] == 0).all()


@pytest.mark.parametrize(
    ("usual", "level", "expected"),
    [
        pytest.param(8, 100, 8, id="seen"),
        pytest.param(NAN, 100, 100 * UNKNOWN_ERROR_SHARE, id="borrowed from its level"),
        pytest.param(NAN, NAN, 1, id="never measured"),
        pytest.param(0, 100, SMALLEST_ERROR, id="never errs"),
        pytest.param(NAN, 0, SMALLEST_ERROR, id="a road that nobody takes"),
    ],
)
def test_typical_error_is_a_number_above_zero(usual, level, expected):
    state = lived()
    state.dispersion[..., 1], state.level[..., 1] = usual, level

    assert typical_error(state).tolist() == pytest.approx([10, expected, 40])


def test_hours_never_seen_do_not_count_for_the_typical_error():
    state = lived()
    state.dispersion[:12] = np.nan

    assert typical_error(state).tolist() == pytest.approx([10, 20, 40])


def test_the_peak_is_the_highest_slot_over_all_types_of_day():
    state = lived()
    state.level[:] = 10
    state.level[8] = 40
    # One holiday's burst is a type of day of its own: the slot is full on the mean of all.
    state.level[20, 7, 0] = 100
    state.level[8, :, 2] = NAN

    assert peak_level(state).tolist() == pytest.approx([40, 40, 10])


@pytest.mark.parametrize(
    "level", [pytest.param(NAN, id="never measured"), pytest.param(0, id="a road that nobody takes")]
)
def test_the_peak_is_above_zero(level):
    state = lived()
    state.level[..., 1] = level

    assert peak_level(state)[1] == pytest.approx(SMALLEST_ERROR)
