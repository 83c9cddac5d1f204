"""What a training was asked for becomes what it works on: readings, a hazard and settings, read and checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.calendar import known_country
from features.console import note
from features.disaster.config import DisasterConfig
from features.disaster.daily import daily
from features.disaster.hazard import Hazard, Place
from features.disaster.measured import Measured, from_panels
from features.disaster.signal import EVERYWHERE, OWN
from features.disaster.table import hazard
from features.errors import BadInput, UnknownName
from features.settings import load
from features.tables import read_panels
from features.tables.columns import ReadOptions
from training.disaster.recipe import Recipe
from training.options import TrainOptions, split_instants
from training.provenance import is_simulated

# In a shorter time a river may be high all along.
_SEASON_MIN = 100 * 24 * 60
_SPLIT = (0.6, 0.2, 0.2)
"""What ``--split`` is where nobody gave it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What to train on and how.

    Attributes:
        name: of the model.
        measured: every reading.
        places: where the hazard is judged.
        sources: all entities that are looked at.
        config: of the hazard.
        recipe: settings of the fit.
        seed: of every random choice.
        test_from: when the test part begins, or None for the last year.
        simulated: whether the readings are.
        country: whose city it is, for the manifest.
    """

    name: str
    measured: Measured
    places: tuple[str, ...]
    sources: tuple[str, ...]
    config: DisasterConfig
    recipe: Recipe
    seed: int
    test_from: datetime | None
    simulated: bool
    country: str


def read_job(options: TrainOptions) -> Job:
    """Read and check all that ``options`` names; says on stderr what was found.

    Raises:
        HaechiError: names cause and mend.
    """
    _refuse_foreign(options)
    config = hazard_config(options)
    recipe = Recipe.from_json(known_settings(options.config))
    if options.quick:
        recipe = Recipe.from_json(recipe.to_json() | {"trees_count": 0})
    measured = read_measured(options.data, options.shape, options.reading, config)
    places = places_of(measured, config)
    instants = split_instants(options)
    if instants is not None:
        note("every year before the second time of --split-at is held out in turn; the first time is not needed")
    return Job(
        name=options.name,
        measured=measured,
        places=places,
        sources=sources_of(places, config),
        config=config,
        recipe=recipe,
        seed=options.seed,
        test_from=None if instants is None else instants[1],
        simulated=is_simulated(options.data),
        country=known_country(options.country),
    )


def _refuse_foreign(options: TrainOptions) -> None:
    """What would go unheard is refused."""
    for flag, given, mend in (
        (
            "--covariates",
            options.covariates is not None,
            "What a hazard's model looks at is read from the files of --data",
        ),
        ("--measure", options.measure is not None, "What is measured stands in the hazard table"),
        ("--entities", options.entities is not None, "Where a hazard is judged stands in the hazard table"),
        (
            "--split",
            options.split != _SPLIT,
            "The last year is its test part; name another start with --split-at T1,T2",
        ),
    ):
        if given:
            raise BadInput(cause=f"{flag} is not of disaster", mend=mend)


def hazard_config(options: TrainOptions) -> DisasterConfig:
    """The row of the hazard table that ``--hazard`` names.

    Raises:
        BadInput: none is named, or the table is wrong.
        UnknownName: there is none of that name.
    """
    if options.hazard is None:
        raise BadInput(
            cause="No hazard is named", mend="Give --hazard, e.g. --hazard pm25; `haechi hazards` lists them"
        )
    return DisasterConfig(hazard=hazard(options.hazard, load().hazards), timezone=options.timezone)


def known_settings(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of ``--set``, which are the recipe's.

    Raises:
        UnknownName: a setting that there is none of.
    """
    known = list(Recipe().to_json())
    for key in chosen:
        if key not in known:
            raise UnknownName.among("setting", key, known)
    return dict(chosen)


def read_measured(data: Sequence[Path], shape: str, reading: ReadOptions, config: DisasterConfig) -> Measured:
    """The readings of some files on the hazard's clock; hourly weather becomes what its days came to.

    Raises:
        BadInput: files that cannot be understood, or of another clock.
    """
    panels, findings = read_panels(list(data), shape, reading)
    for name, found in findings.items():
        for line in found.lines():
            note(f"{name}: {line}")
    measured = from_panels(panels)
    hazard_row = config.hazard
    if hazard_row.step_min == 1440 and measured.step_min <= 60:
        measured = daily(measured, config.timezone)
    if measured.step_min != hazard_row.step_min:
        raise BadInput(
            cause=f"{hazard_row.name} is judged every {hazard_row.step_min} minutes, the readings are "
            f"{measured.step_min} minutes apart",
            mend="Give readings of that clock (--step-min says what it is)",
        )
    return measured


def places_of(measured: Measured, config: DisasterConfig) -> tuple[str, ...]:
    """Where the hazard is judged: the table's places that are measured, or every entity that measures its quantity.

    Raises:
        BadInput: there is none.
    """
    row = config.hazard
    wanted = {place.id: place.measured or row.quantity for place in row.places}
    if not wanted:
        if row.quantity not in measured.values:
            raise _not_measured(row.quantity, measured)
        known = ~np.isnan(measured.values[row.quantity])
        wanted = {name: row.quantity for at, name in enumerate(measured.entities) if known[:, at].any()}
    for name, quantity in list(wanted.items()):
        if quantity not in measured.values:
            raise _not_measured(quantity, measured)
        if name not in measured.entities or np.isnan(measured.values[quantity][:, measured.entities.index(name)]).all():
            del wanted[name]
    if not wanted:
        raise BadInput(
            cause=f"None of the places of {row.name} is measured: no {row.quantity} of "
            f"{', '.join(place.id for place in row.places)}",
            mend=f"Give their readings; the file holds {', '.join(measured.entities[:10])}",
        )
    for place in row.places:
        if place.id in wanted:
            _refuse_other_datum(place, measured.values[wanted[place.id]][:, measured.entities.index(place.id)], row)
    return tuple(wanted)


def _refuse_other_datum(place: Place, readings: npt.NDArray[np.float32], row: Hazard) -> None:
    known = readings[~np.isnan(readings)]
    if place.middle is None or len(known) < _SEASON_MIN // row.step_min:
        return
    middle, (low, high) = float(np.median(known)) + place.add, place.middle
    if not low <= middle <= high:
        raise BadInput(
            cause=f"Half of the readings of {place.id} ({place.words.en}) lie below {middle:.4g} {row.unit}, where "
            f"{low:g} to {high:g} {row.unit} was expected: another gauge, or another datum, as sea level for the staff "
            "gauge",
            mend=f"Give {row.quantity} of that gauge over its own zero; a city's own gauge belongs into its own table "
            "(HAECHI_HAZARDS)",
        )


def sources_of(places: tuple[str, ...], config: DisasterConfig) -> tuple[str, ...]:
    """All entities that a model of those places looks at."""
    others = [signal.at for signal in config.hazard.signals if signal.at not in (OWN, EVERYWHERE)]
    return tuple(dict.fromkeys([*places, *others]))


def _not_measured(quantity: str, measured: Measured) -> BadInput:
    return BadInput(
        cause=f"'{quantity}' is not measured (there are: {', '.join(measured.values)})",
        mend="Give files that hold it, or the right --shape; `haechi data check` says what is in a file",
    )
