"""NaN and infinity are found wherever they stand, and numbers whose squares are too large are none."""

import warnings

import numpy as np
import pytest

from features.errors import BadInput
from serving.checks import refuse_non_finite

FLOATS = ["float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0, 0), (1, 2, 3), (49, 9, 6)])
def test_one_number_that_is_none_is_named_with_its_place(dtype: str, bad: float, at: tuple[int, int, int]) -> None:
    x = np.ones((50, 10, 7), dtype=dtype)
    x[at] = bad
    with pytest.raises(BadInput, match=rf"row {at[0]} holds -?(nan|inf) at \[{at[0]}, {at[1]}, {at[2]}\]"):
        refuse_non_finite("m/1", ["x"], {"x": x})


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("extreme", ["max", "min", "tiny"])
def test_numbers_at_the_end_of_their_range_are_taken_without_a_warning(dtype: str, extreme: str) -> None:
    x = np.full((30, 5), getattr(np.finfo(dtype), extreme), dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_non_finite("m/1", ["x"], {"x": x})


@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_holds_nothing_that_is_not_finite(dtype: str) -> None:
    refuse_non_finite("m/1", ["x"], {"x": np.empty((0, 3), dtype=dtype)})


def test_infinity_among_numbers_whose_squares_are_too_large_is_found() -> None:
    x = np.full((4, 4), 3e38, dtype=np.float32)
    x[2, 1] = -np.inf
    with pytest.raises(BadInput, match=r"row 2 holds -inf at \[2, 1\]"):
        refuse_non_finite("m/1", ["x"], {"x": x})


def test_numbers_that_do_not_lie_side_by_side_are_looked_at_too() -> None:
    x = np.ones((6, 8), dtype=np.float32).T[::2]
    refuse_non_finite("m/1", ["x"], {"x": x})
    x[3, 1] = np.nan
    with pytest.raises(BadInput, match="row 3 holds nan"):
        refuse_non_finite("m/1", ["x"], {"x": x})
