"""The fit learns, is the same for the same seed, and ends when it is told to."""

import numpy as np
import pytest
import torch
from rich.progress import Progress

from features.cctv.kinds import KINDS, UserKind
from features.cctv.view import View
from training.cctv.course import Course
from training.cctv.fit import fit
from training.cctv.lessons import Lesson, Lessons, Target
from training.cctv.recipe import Recipe

SIZE = (96, 96)
TINY = Recipe(width=4, side_px=64, batch=4, steps=30, averaged_steps=5, learning_rate=0.004)


def blocks(count, seed=7):
    """Bright blocks on a dark road, all of them cars."""
    print(f"seed {seed}")  # noqa: T201
    chance = np.random.default_rng(seed)
    for _ in range(count):
        picture = chance.integers(40, 60, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        left, top = chance.integers(4, 60, 2).tolist()
        picture[top : top + 20, left : left + 28] = 230
        moves = np.where(picture[..., 0] > 200, 170, 0).astype(np.uint8)
        box = Target(xyxy_px=(left, top, left + 28, top + 20), kind=KINDS.index(UserKind.CAR), counts=True)
        view = View(picture=picture, slow_difference=moves, fast_difference=moves)
        yield Lesson(view=view, targets=[box])


@pytest.fixture
def course(tmp_path):
    return Course(rendered=[Lessons.write(blocks(12), tmp_path / "a")])


def fitted(course, recipe=TINY, **more):
    torch.set_num_threads(1)
    losses = []
    with Progress(disable=True) as bar:
        network = fit(course, recipe, 7, bar, **({"on_step": lambda _, loss: losses.append(loss)} | more))
    return network, losses


def test_it_learns(course):
    _, losses = fitted(course)

    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])


def test_the_same_seed_fits_the_same(course):
    ones, others = (fitted(course)[0].state_dict() for _ in range(2))

    assert all(torch.equal(ones[name], others[name]) for name in ones)


def test_real_clips_are_learned_from_too(course, tmp_path):
    real = {"1": [Lessons.write(blocks(3, seed=8), tmp_path / "real")]}
    both = Course(rendered=course.rendered, real=real)

    _, losses = fitted(both)
    assert losses != fitted(course)[1]


def test_it_ends_when_it_is_told_to(course):
    class Stopped(Exception):
        """By whoever watches."""

    def stop(number, loss):
        if number == 3:
            raise Stopped

    with pytest.raises(Stopped):
        fitted(course, on_step=stop)
