"""MOTA, IDF1 and HOTA on tracks so small that they can be reckoned by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.cctv.scores.tracking import Followed, TrackingSums, track_sums

PLACES = {"a": (0, 0, 10, 10), "b": (100, 0, 110, 10), "far": (200, 200, 210, 210)}


def frame(true, tracks, counts=None):
    """Identities by place, of truths and of tracks."""
    return Followed(
        true_id=np.array(list(true.values()), np.int64),
        true_px=np.array([PLACES[place] for place in true], np.float32).reshape(-1, 4),
        counts=np.array([True] * len(true) if counts is None else counts, bool),
        track_id=np.array(list(tracks.values()), np.int64),
        track_px=np.array([PLACES[place] for place in tracks], np.float32).reshape(-1, 4),
    )


ONE, TWO = {"a": 1}, {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("frames", "mota", "idf1", "hota"),
    [
        pytest.param([frame(TWO, {"a": 7, "b": 8})] * 4, 1, 1, 1, id="all, throughout"),
        pytest.param([frame(TWO, {})] * 4, 0, 0, 0, id="nobody followed"),
        pytest.param([frame(ONE, {"far": 7})] * 4, -1, 0, 0, id="only what is not there"),
        # Half of the boxes: detection 1/2, and what is found is associated wholly.
        pytest.param([frame(TWO, {"a": 7})] * 4, 0.5, 2 * 4 / (8 + 4), math.sqrt(0.5), id="one of two followed"),
        # One switch in four; each half of the track agrees with half of the truth: 2 / (4 + 2 - 2).
        pytest.param(
            [frame(ONE, {"a": 7})] * 2 + [frame(ONE, {"a": 8})] * 2, 0.75, 0.5, math.sqrt(0.5), id="taken for another"
        ),
        # As above, but both at once: two switches in eight boxes; each pair agrees in 2 of 4 + 4 - 2.
        pytest.param(
            [frame(TWO, {"a": 7, "b": 8})] * 2 + [frame(TWO, {"a": 8, "b": 7})] * 2,
            0.75,
            0.5,
            math.sqrt(2 / 6),
            id="two swapped",
        ),
        pytest.param(
            [frame(TWO, {"a": 7, "b": 8}, counts=[True, False])] * 3, 1, 1, 1, id="one who need not be followed is"
        ),
        pytest.param([frame(TWO, {"a": 7}, counts=[True, False])] * 3, 1, 1, 1, id="one who need not be is not"),
    ],
)
def test_scores(frames, mota, idf1, hota):
    sums = track_sums(frames)
    assert (sums.mota, sums.idf1, sums.hota) == pytest.approx((mota, idf1, hota))


def test_who_was_lost_and_is_found_again_under_the_same_name_was_not_switched():
    sums = track_sums([frame(ONE, {"a": 7}), frame(ONE, {}), frame(ONE, {"a": 7})])
    assert (sums.switches, sums.found, sums.mota) == (0, 2, pytest.approx(2 / 3))


def test_who_was_followed_stays_so_though_another_overlaps_more():
    near = Followed(
        true_id=np.array([1]),
        true_px=np.array([(0, 0, 10, 10)], np.float32),
        counts=np.array([True]),
        track_id=np.array([7, 8]),
        track_px=np.array([(0, 0, 10, 8), (0, 0, 10, 10)], np.float32),
    )
    assert track_sums([frame(ONE, {"a": 7}), near]).switches == 0


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([], id="no frame"),
        pytest.param([frame({}, {})], id="an empty road"),
        pytest.param([frame(ONE, {"a": 7}, counts=[False])], id="nobody who must be followed"),
    ],
)
def test_an_empty_road_says_nothing(frames):
    sums = track_sums(frames)
    assert all(math.isnan(score) for score in (sums.mota, sums.idf1, sums.hota))


def test_films_add_up_though_their_identities_have_the_same_numbers():
    good, none = track_sums([frame(ONE, {"a": 7})] * 3), track_sums([frame(ONE, {})] * 3)
    both = good + none + TrackingSums()
    assert (both.mota, both.idf1, both.hota) == pytest.approx((0.5, 2 / 3, math.sqrt(0.5)))


PATHS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(-3, 3), st.integers(0, 8), st.integers(9, 15)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(paths=PATHS)
def test_perfect_tracks_are_perfect(paths):
    frames = []
    for now in range(10):
        here = [at for at, (_, _, _, begin, end) in enumerate(paths) if begin <= now < end]
        # A row of their own each: who covers somebody wholly could stand for them.
        boxes = [(paths[at][0] + paths[at][2] * now, 300 * at, paths[at][0] + 20, 300 * at + 10) for at in here]
        boxes = [(left, top, left + 20, bottom) for left, top, _, bottom in boxes]
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        ids = np.array(here, np.int64)
        frames.append(
            Followed(
                true_id=ids, true_px=xyxy, counts=np.ones(len(ids), bool), track_id=1000 - ids, track_px=xyxy.copy()
            )
        )
    sums = track_sums(frames)
    assert (sums.mota, sums.idf1, sums.hota) == pytest.approx((1, 1, 1))
