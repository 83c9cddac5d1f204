"""Fits the detector's network to lessons."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.cctv.augment import cut
from training.cctv.course import Course
from training.cctv.lessons import Lessons, rarity
from training.cctv.losses import Truth, loss
from training.cctv.network import Network, places
from training.cctv.recipe import Recipe

Batch = tuple[Tensor, list[Truth]]

_WARM_UP_STEPS = 300
_LOWEST_RATE = 0.02
"""Of the learning rate, at the end, as a share of its highest."""
_LONGEST_GRADIENT = 10.0


def fit(
    course: Course,
    recipe: Recipe,
    seed: int,
    bar: Progress,
    on_step: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Network:
    """Fit a network; the one that comes back has the averaged weights.

    Args:
        course: what is learned from.
        recipe: settings.
        seed: of every random choice.
        bar: shows what is done and time left.
        on_step: told after each step its number and the loss; what it raises ends the fit.
    """
    torch.manual_seed(seed)
    # This order of memory takes half the time on a CPU.
    network = Network(recipe.width)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    # Few steps are averaged over fewer, or nothing would be left of them.
    decay = 1 - 1 / min(recipe.averaged_steps, max(recipe.steps // 5, 1))
    mean = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
    optimizer = _optimizer(network, recipe)
    warm_up = min(_WARM_UP_STEPS, recipe.steps // 5)
    middles, strides = places(recipe.side_px, recipe.side_px)
    rare = rarity([*course.rendered, *chain(*course.real.values())])
    batches = _batches(_Draw(course, rare, recipe, seed), recipe.steps)
    for step, (views, truths) in enumerate(bar.track(batches, total=recipe.steps, description="fitting")):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _rate(step, warm_up, recipe.steps)
        cost = loss(*network.raw(views), truths, middles, strides, torch.from_numpy(rare))
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_GRADIENT)
        optimizer.step()
        if step >= warm_up:
            averaged.update_parameters(network)
        on_step(step, float(cost.detach()))
    return cast(Network, averaged.module).eval()


class _Draw:
    """Batches of squares, rendered and real ones in the recipe's shares."""

    def __init__(self, course: Course, rare: npt.NDArray[np.float32], recipe: Recipe, seed: int) -> None:
        self._chance = np.random.default_rng([seed, 1])
        self._recipe, self._rare = recipe, rare
        share = recipe.real_share if course.real else 0.0
        # Ten clips of one camera show less that is new than one of each of ten.
        roots = np.array([math.sqrt(sum(map(len, own))) for own in course.real.values()])
        self._sources = [course.rendered, *course.real.values()]
        self._shares = np.concatenate([[1 - share], share * roots / max(roots.sum(), 1.0)])

    def batch(self) -> Batch:
        side, views, truths = self._recipe.side_px, [], []
        for _ in range(self._recipe.batch):
            lessons, number = self._lesson()
            taken = cut(lessons.views(number), lessons.targets_of(number), self._rare, side, self._chance)
            views.append(torch.from_numpy(taken.channels))
            truths.append(_truth(torch.from_numpy(taken.targets)))
        return torch.stack(views).contiguous(memory_format=torch.channels_last), truths

    def _lesson(self) -> tuple[Lessons, int]:
        folders = self._sources[int(self._chance.choice(len(self._shares), p=self._shares))]
        counts = np.array([len(one) for one in folders])
        at = int(self._chance.integers(counts.sum()))
        folder = int(np.searchsorted(np.cumsum(counts), at, side="right"))
        return folders[folder], at - int(counts[:folder].sum())


def _batches(draw: _Draw, count: int) -> Iterator[Batch]:
    """``count`` batches; the next one is drawn while the last one is learned from."""
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(draw.batch)
        for number in range(count):
            batch = coming.result()
            if number + 1 < count:
                coming = aside.submit(draw.batch)
            yield batch


def _truth(targets: Tensor) -> Truth:
    counts = targets[:, 5] > 0
    return Truth(xyxy_px=targets[counts, :4], kind=targets[counts, 4].long(), doubtful_px=targets[~counts, :4])


def _rate(step: int, warm_up: int, steps: int) -> float:
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(steps - warm_up, 1)
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """Neither biases nor the scales of normalised layers are to be small."""
    kept = [one for one in network.parameters() if one.ndim > 1]
    free = [one for one in network.parameters() if one.ndim <= 1]
    groups = [{"params": kept, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)
