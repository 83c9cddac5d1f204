"""Whom a link is compared with."""

import numpy as np

from features.traffic.neighbours import by_correlation, by_distance

NAN = float("nan")


def test_errors_that_go_together_make_neighbours():
    chance = np.random.default_rng(4)
    errors = chance.standard_normal((500, 5)).astype(np.float32)
    errors[:, 3] = errors[:, 1] + 0.5 * errors[:, 3]
    errors[chance.random(errors.shape) < 0.1] = NAN
    errors[:, 4] = NAN
    assert by_correlation(errors, 2).tolist() == [[-1, -1], [3, -1], [-1, -1], [1, -1], [-1, -1]]


def test_too_little_in_common_says_nothing():
    chance = np.random.default_rng(4)
    one = chance.standard_normal(100).astype(np.float32)
    assert by_correlation(np.stack([one, one], axis=1), 1).tolist() == [[-1], [-1]]


def test_a_link_without_a_place_has_no_neighbours_and_is_none():
    lat, lon = np.array([37.5, 37.5, NAN, 37.505]), np.array([127.0, 127.0, NAN, 127.0])
    assert by_distance(lat, lon, 2).tolist() == [[1, 3], [0, 3], [-1, -1], [0, 1]]


def test_fewer_links_than_neighbours_asked_for():
    assert by_distance(np.array([37.5]), np.array([127.0]), 3).tolist() == [[-1, -1, -1]]
