"""From readings to a fitted model: what is usual, the sample, the parts, the fit, and the alarm that costs least."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.clock import utc_times
from features.disaster.config import DisasterConfig
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, fresh
from training.disaster.bins import Bins, fit_bins
from training.disaster.climate import with_normal, with_usual
from training.disaster.fit import Fitted, fit
from training.disaster.job import Job
from training.disaster.judge import choose_thresholds
from training.disaster.labels import labels_of
from training.disaster.parts import Parts, parts
from training.disaster.sample import Sample, sample_of

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A fitted model and what it was fitted on.

    Attributes:
        start: the state before the first reading, with what is usual fitted.
        sample: every row.
        parts: of the clock.
        fitted: the model.
        linear: its core without trees.
        bins: persistence as a probability, over all rows learned from.
        thresholds: of each level's alarm, chosen on years that the model had not seen.
    """

    start: DisasterState
    sample: Sample
    parts: Parts
    fitted: Fitted
    linear: Fitted
    bins: Bins
    thresholds: dict[str, float]

    @property
    def test(self) -> BoolArray:
        """(row,), the rows of the test part."""
        return self.parts.test[self.sample.issue]


def start_state(
    measured: Measured, places: tuple[str, ...], sources: tuple[str, ...], learned: BoolArray, config: DisasterConfig
) -> DisasterState:
    """The state before the first reading, its fitted parts learned from the rows ``learned`` alone.

    Args:
        measured: all of it.
        places: where the hazard is judged.
        sources: all entities that are looked at.
        learned: (time,), rows learned from.
        config: of the hazard.
    """
    state = fresh(places, sources, measured.start, config)
    times = utc_times(measured.start, measured.step_min, len(measured))
    state = with_normal(state, measured, times, learned, config)
    return with_usual(state, labels_of(measured, state, config), learned, config)


def own_quantity(measured: Measured, places: tuple[str, ...], config: DisasterConfig) -> BoolArray:
    """(time,): rows in which the hazard's quantity was measured anywhere."""
    known = np.zeros(len(measured), dtype=np.bool_)
    for name in places:
        place = next((each for each in config.hazard.places if each.id == name), None)
        quantity = config.hazard.quantity if place is None or place.measured is None else place.measured
        known |= ~np.isnan(measured.values[quantity][:, measured.entities.index(name)])
    return known


def learn(job: Job, bar: Progress) -> Learned:
    """Fit on all that lies before the test part.

    Raises:
        BadInput: nothing is left to learn from, or to judge.
    """
    measured, config = job.measured, job.config
    times = utc_times(measured.start, measured.step_min, len(measured))
    dealt = parts(times, own_quantity(measured, job.places, config), config, job.test_from)
    state = start_state(measured, job.places, job.sources, dealt.learned, config)
    sample = sample_of(measured, state, config, bar)
    # A row whose future lies in the test part would learn from it.
    whole = dealt.apart(max(config.horizons_steps))
    fold = np.where(dealt.learned & whole, dealt.fold, -1)[sample.issue]
    fits = fit(sample, fold, config, job.recipe, job.seed, bar)
    thresholds = choose_thresholds(fits.model.held_out, sample, fold >= 0, config, job.recipe.miss_cost)
    bins = fit_bins(sample, fold >= 0, config)
    return Learned(
        start=state,
        sample=sample,
        parts=dealt,
        fitted=fits.model,
        linear=fits.linear,
        bins=bins,
        thresholds=thresholds,
    )
