"""Parts of a view, and pixels that are not square."""

import numpy as np
import pytest

from features.cctv.view import View, pixel_aspect


def test_a_part_is_cut_from_all_that_is_shown():
    plane = np.arange(48, dtype=np.uint8).reshape(6, 8)
    view = View(
        picture=np.dstack([plane] * 3), slow_difference=plane, fast_difference=plane[::-1].copy(), pixel_aspect=1.2
    )
    part = view.cut(2, 1, 5, 4)
    assert part.picture.shape == (3, 3, 3)
    assert part.slow_difference.tolist() == plane[1:4, 2:5].tolist()
    assert part.fast_difference.tolist() == plane[::-1][1:4, 2:5].tolist()
    assert part.pixel_aspect == 1.2


@pytest.mark.parametrize(("size_wh_px", "aspect"), [((352, 288), 12 / 11), ((704, 480), 10 / 11), ((1920, 1080), 1)])
def test_televisions_pixels_are_not_square(size_wh_px, aspect):
    assert pixel_aspect(size_wh_px) == pytest.approx(aspect)
