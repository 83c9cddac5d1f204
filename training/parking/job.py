"""What a training was asked for becomes what it works on: counts, lots and settings, read and checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from features.console import note, warn
from features.errors import BadInput, UnknownName
from features.parking.config import ParkingConfig
from features.parking.lots import Lots
from features.parking.readings import free_shares
from features.parking.state import ParkingState, fresh
from features.series import FloatArray, Panel
from training.covariates import joined
from training.options import TrainOptions, split_instants
from training.parking.counts import Counted, counted, measure_of, read_counts, tell_readings
from training.parking.recipe import QUICK, Recipe
from training.parking.sample import Past
from training.parking.traits import share_missing
from training.provenance import is_simulated
from training.split import Split

_READ = ("step_min", "measure", "extremal_index", "unforeseen_risk")
"""Of the config: what is read from the counts, said by a flag, or fitted."""

_SETTINGS = {key: value for key, value in ParkingConfig().to_json().items() if key not in _READ}
SETTINGS: dict[str, Any] = _SETTINGS | Recipe().to_json()
"""All that ``--set`` takes, with the defaults."""

MOST_MISSING = 0.2
"""Share of its readings that a lot may lack to be learned from and judged."""

_DAY_MIN = 1440


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What to train on and how.

    Attributes:
        name: of the model.
        panel: counts of every lot that can be answered, with the covariates that are looked at.
        lots: what is known of each.
        capacity: (lot,), spaces.
        learned: (lot,), whether enough is counted of it to be learned from and judged.
        split: by time.
        config: of the features.
        recipe: settings of the fit.
        seed: of every random choice.
        simulated: whether the counts or the covariates are.
    """

    name: str
    panel: Panel
    lots: Lots
    capacity: FloatArray
    learned: npt.NDArray[np.bool_]
    split: Split
    config: ParkingConfig
    recipe: Recipe
    seed: int
    simulated: bool

    def past(self) -> Past:
        """The counts, before them a state of which nothing is fitted yet."""
        return past_of(self.panel, self.lots, self.capacity, self.config)


def past_of(panel: Panel, lots: Lots, capacity: FloatArray, config: ParkingConfig) -> Past:
    """Counts, and before them a state that knows of the lots no more than where they are and how large."""
    state: ParkingState = fresh(panel.entities, panel.start - timedelta(minutes=config.step_min), config)
    state.capacity = capacity.copy()
    cities = sorted(set(lots.city))
    state.city = np.array([cities.index(city) for city in lots.city], dtype=np.float32)
    return Past(panel=panel, start=state, config=config)


def read_job(options: TrainOptions, *, test_from: datetime | None = None) -> Job:
    """Read and check all that ``options`` names; says on stderr what was found.

    Args:
        options: of the training.
        test_from: when its test part begins, in place of what the options say.

    Raises:
        HaechiError: names cause and mend.
    """
    if options.hazard is not None:
        raise BadInput(cause=f"--hazard {options.hazard} is not of parking", mend="Leave it out")
    panel, sources = read_counts(options.data, options.shape, options.reading), list(options.data)
    if options.covariates is not None:
        panel = joined(panel, options.covariates, options.reading.columns.timezone)
        sources.append(options.covariates)
    split = _split(panel, options, test_from)
    config = _config(panel, options)
    found = counted(panel, options.entities, options.reading.columns.entity, split.validation)
    tell_readings(found, config)
    split.check(warmup_steps=2 * 7 * config.steps_per_day, horizon_steps=config.horizon_steps)
    recipe = {key: value for key, value in options.config.items() if key in Recipe().to_json()}
    return Job(
        name=options.name,
        panel=found.panel,
        lots=found.lots,
        capacity=found.capacity,
        learned=_learned(found, split, config),
        split=split,
        config=config,
        recipe=Recipe.from_json((QUICK if options.quick else {}) | recipe),
        seed=options.seed,
        simulated=is_simulated(sources),
    )


def known_settings(chosen: Mapping[str, Any]) -> None:
    """Refuse a setting of ``--set`` that there is none of.

    Raises:
        UnknownName: offers the nearest.
    """
    for key in chosen:
        if key not in SETTINGS:
            raise UnknownName.among("setting", key, list(SETTINGS))


def _split(panel: Panel, options: TrainOptions, test_from: datetime | None) -> Split:
    instants = split_instants(options)
    if test_from is not None:
        return Split.before(panel, test_from, options.split)
    return Split.at(panel, *instants) if instants is not None else Split.by_shares(panel, options.split)


def _config(panel: Panel, options: TrainOptions) -> ParkingConfig:
    known_settings(options.config)
    if panel.step_min > 60 or 60 % panel.step_min:
        raise BadInput(
            cause=f"The counts are {panel.step_min} minutes apart, which does not divide an hour",
            mend="Put them on a clock of 5, 10, 15, 30 or 60 minutes with --step-min",
        )
    own = {field.name for field in fields(ParkingConfig)}
    given = {key: value for key, value in options.config.items() if key in own}
    if options.timezone == "UTC" and "timezone" not in given:
        warn("Days and hours are taken on UTC; --set timezone=Europe/Berlin takes them where people live")
    base = {
        "step_min": panel.step_min,
        "horizon_steps": _DAY_MIN // panel.step_min,
        "country": options.country,
        "timezone": options.timezone,
        "measure": measure_of(panel, options.measure),
    }
    looked_at = {} if panel.covariates is None else {"covariates": list(panel.covariates.names)}
    return ParkingConfig.from_json(base | looked_at | given)


def _learned(found: Counted, split: Split, config: ParkingConfig) -> npt.NDArray[np.bool_]:
    shares, _ = free_shares(found.panel.values[: split.test], found.capacity, measure=config.measure)
    missing = share_missing(shares, found.panel, config)
    learned = missing < MOST_MISSING
    names = found.panel.entities
    if not learned.any():
        raise BadInput(
            cause=f"Every lot lacks {MOST_MISSING:.0%} or more of its counts before the test part",
            mend="Give counts with fewer gaps, a coarser --step-min, or a file that begins where they do",
        )
    left = [f"{names[at]} ({missing[at]:.0%})" for at in np.flatnonzero(~learned)]
    shown = f": {', '.join(left[:5])}{', …' if len(left) > 5 else ''}" if left else ""
    note(
        f"{learned.sum()} of {len(learned)} lots are learned from and judged; {len(left)} lack {MOST_MISSING:.0%} or "
        f"more of their counts before the test part{shown}"
    )
    return learned


def interval_of(job: Job) -> str:
    """The test part, in words."""
    first, last = job.panel.time(job.split.test), job.panel.time(job.split.end - 1)
    return f"test {first.astimezone(UTC):%Y-%m-%dT%H:%MZ}..{last.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
