"""Fits the members on one stretch of time; the same door before the weights are chosen and after."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.errors import BadInput
from features.series import FloatArray
from features.traffic.config import TrafficConfig
from training.traffic.blend import Blend, Smooth
from training.traffic.model import Inputs, LinearCorrection
from training.traffic.network import ResidualNetwork
from training.traffic.recipe import Recipe
from training.traffic.sample import Sample
from training.traffic.train_network import fit_network
from training.traffic.trees import Trees, fit_trees

# Rows that are forecast at once.
_BATCH = 8192
_NOTICED_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """What was fitted on one stretch; a member that the recipe leaves out is empty.

    Attributes:
        linear: the linear model.
        networks: that differ by their seed.
        trees: boosted trees, or None.
    """

    linear: LinearCorrection
    networks: list[ResidualNetwork]
    trees: Trees | None

    def blend(self, shares: dict[str, float]) -> Blend:
        """The members under those shares; one that has none is left out."""
        share = {"linear": 0.0, "network": 0.0, "trees": 0.0} | shares
        smooth = Smooth(self.linear, self.networks, share["linear"], share["network"])
        return Blend(smooth=smooth.eval(), trees=self.trees if share["trees"] else None, tree_weight=share["trees"])

    def medians(self, sample: Sample, chosen: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
        """What each member forecasts for those rows, (row, step)."""
        found: dict[str, list[FloatArray]] = {}
        for some in sample.batches(chosen, _BATCH):
            with torch.inference_mode():
                for name, median in self._each(sample.rows(some)):
                    found.setdefault(name, []).append(median.numpy())
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _each(self, inputs: Inputs) -> Iterator[tuple[str, Tensor]]:
        yield "linear", self.linear(inputs)
        if self.networks:
            yield "network", torch.stack([network(inputs)[0] for network in self.networks]).mean(0)
        if self.trees is not None:
            yield "trees", self.trees(inputs)[0]


def fit_members(
    linear: LinearCorrection,
    sample: Sample,
    chosen: npt.NDArray[np.int64],
    config: TrafficConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
) -> Members:
    """Fit the recipe's networks and trees on the rows ``chosen`` beside a linear model of the same stretch.

    Raises:
        BadInput: nothing was measured there.
        HaechiError: a network diverged.
    """
    if not len(chosen):
        raise BadInput(
            cause="No target in the training interval was measured",
            mend="Train on a longer history or on entities with measurements",
        )
    seeds = range(seed, seed + recipe.network_seeds) if "network" in recipe.members else ()
    over = Event()

    def on_tree(_: object) -> None:
        if over.is_set():
            raise CancelledError

    with one_thread(), ThreadPoolExecutor(max_workers=1) as beside:
        growing = (
            beside.submit(fit_trees, sample, chosen, config, recipe, seed, bar, on_tree)
            if "trees" in recipe.members
            else None
        )
        try:
            networks = [fit_network(sample, chosen, config, recipe, one, bar) for one in seeds]
            # Ctrl-C may reach the other thread, and a wait without an end would not notice.
            while growing is not None and not growing.done():
                wait([growing], timeout=_NOTICED_S)
            trees = None if growing is None else growing.result()
        except BaseException:
            # Ctrl-C reaches this thread alone, and a network that diverged needs no trees: nobody waits for them.
            over.set()
            raise
    return Members(linear=linear, networks=networks, trees=trees)


@contextmanager
def one_thread() -> Iterator[None]:
    """Small sums on one thread each: on a machine that has other work too, two mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
