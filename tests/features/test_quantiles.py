"""What quantiles are called, how wide they start, and the 80 % interval of any set of them."""

import numpy as np
import pytest

from features.quantiles import DEFAULT, as_80, column, first_widths

FIVE = (0.05, 0.25, 0.5, 0.75, 0.95)


@pytest.mark.parametrize(
    ("level", "name"),
    [(0.5, "q50"), (0.1, "q10"), (0.05, "q05"), (0.07, "q07"), (0.29, "q29"), (0.025, "q2_5"), (0.999, "q99_9")],
)
def test_a_quantile_is_called_by_its_percent(level, name):
    assert column(level) == name


def test_levels_as_near_as_numbers_can_be_have_names_of_their_own():
    assert column(0.1) != column(np.nextafter(0.1, 1).item())


def test_first_widths_are_those_of_a_normal_error():
    assert first_widths(DEFAULT) == (1.6, 1.6)
    # Points of the standard normal distribution, the 10 % one at 1.6 usual errors.
    np.testing.assert_allclose(first_widths(FIVE), np.array([1.64485, 0.67449, 0.67449, 1.64485]) * 1.6 / 1.28155, 1e-5)


def test_the_80_interval_is_the_forecasts_own_where_it_has_one():
    forecast = np.array([[0.1, 1, 2, 3, 7.7]], dtype=np.float32)
    np.testing.assert_array_equal(as_80(forecast[:, 1:4], DEFAULT), forecast[:, 1:4])
    np.testing.assert_array_equal(as_80(forecast, (0.01, 0.1, 0.5, 0.9, 0.99)), forecast[:, 1:4])


def test_another_interval_is_made_as_wide_as_80_of_a_normal_error():
    forecast = np.array([[100 - 16.4485, 93, 100, 107, 100 + 2 * 16.4485]], dtype=np.float32)
    np.testing.assert_allclose(as_80(forecast, FIVE), [[100 - 12.8155, 100, 100 + 2 * 12.8155]], rtol=1e-5)
