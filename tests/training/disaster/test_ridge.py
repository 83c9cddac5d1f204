"""Ridge regression whose held-out predictions have not seen their fold."""

import numpy as np

from training.disaster import ridge


def test_it_finds_the_line_and_says_honestly_how_far_it_errs():
    seed = 3
    chance = np.random.default_rng(seed)
    columns = np.c_[np.ones(4000), chance.normal(size=(4000, 5))].astype(np.float32)
    targets = columns @ np.array([[1.0], [2], [0], [-1], [0], [0.5]]) + chance.normal(0, 0.3, (4000, 1))
    found = ridge.fit(columns, targets, np.arange(4000) // 1000, blocks=1)
    np.testing.assert_allclose(found.weight[:, 0], [1, 2, 0, -1, 0, 0.5], atol=0.03, err_msg=f"seed {seed}")
    assert abs(found.error[0] - 0.3) < 0.02, f"seed {seed}"


def test_a_folds_own_targets_do_not_change_what_is_said_of_it():
    seed = 4
    chance = np.random.default_rng(seed)
    columns = np.c_[np.ones(400), chance.normal(size=(400, 3))].astype(np.float32)
    targets, fold = chance.normal(size=(400, 1)), np.arange(400) // 100
    other = targets.copy()
    other[fold == 2] += 0.01 * chance.normal(size=(100, 1))
    first, second = (ridge.fit(columns, each, fold, blocks=1) for each in (targets, other))
    # The sums over the others are made by taking the fold's own away again, so that the last digits may differ.
    np.testing.assert_allclose(first.held_out[fold == 2], second.held_out[fold == 2], rtol=1e-9, err_msg=f"seed {seed}")
    assert np.abs(first.held_out[fold == 1] - second.held_out[fold == 1]).max() > 1e-6
