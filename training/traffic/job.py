"""What a training was asked for becomes what it works on: measurements, split and settings, read and checked once."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from features.console import note, warn
from features.errors import BadInput, UnknownName
from features.plain import from_plain
from features.series import Panel
from features.tables import read_panel
from features.traffic.config import TrafficConfig
from training.covariates import joined
from training.options import TrainOptions, split_instants
from training.places import positions
from training.provenance import is_simulated
from training.split import Split
from training.traffic.fit import Ridge
from training.traffic.fitting import fitting_config, measured_entities
from training.traffic.recipe import Recipe
from training.traffic.run import TrainingJob
from training.traffic.select import GAINS, RIDGES

GAIN_NAMES = ("same_type_gain", "same_class_gain", "other_gain")
RIDGE_SETTINGS: dict[str, float] = {f"ridge_{name}": value for name, value in asdict(Ridge()).items()}
"""The regression's own settings with their defaults; whoever sets one has chosen, and none is tried on validation."""

_RECIPE = Recipe().to_json()
SETTINGS: dict[str, Any] = TrafficConfig().to_json() | RIDGE_SETTINGS | _RECIPE
"""All that ``--set`` takes, with the defaults."""


def read_job(options: TrainOptions, *, test_from: datetime | None = None) -> TrainingJob:
    """Read and check all that ``options`` names; says on stderr what was found.

    Args:
        options: of the training.
        test_from: when its test part begins, in place of what the options say.

    Raises:
        HaechiError: names cause and mend.
    """
    if options.hazard is not None:
        raise BadInput(
            cause=f"--hazard {options.hazard} is of disaster, not of traffic",
            mend="Run: haechi train disaster ..., or leave it out",
        )
    if options.measure is not None:
        raise BadInput(cause=f"--measure {options.measure} is of parking, not of traffic", mend="Leave it out")
    panel, findings, _ = read_panel(options.data, options.shape, options.reading)
    for line in findings.lines():
        note(line)
    sources = list(options.data)
    if options.covariates is not None:
        panel = joined(panel, options.covariates, options.reading.columns.timezone)
        sources.append(options.covariates)
    split = _split(panel, options, test_from)
    panel, dropped = measured_entities(panel, split)
    if dropped:
        warn(f"{len(dropped)} entities were never measured in training and are left out, e.g. {dropped[0]}")
    columns = options.reading.columns.entity
    unset = TrainingJob(
        name=options.name,
        panel=panel,
        split=split,
        config=TrafficConfig(),
        recipe=Recipe(),
        seed=options.seed,
        gains=(),
        ridges=(),
        simulated=is_simulated(sources),
        positions=None,
    )
    job = with_settings(unset, options, options.config)
    if options.entities is None:
        return job
    return replace(job, positions=positions(options.entities, columns, panel.entities))


def _split(panel: Panel, options: TrainOptions, test_from: datetime | None) -> Split:
    if test_from is not None:
        return Split.before(panel, test_from, options.split)
    instants = split_instants(options)
    return Split.by_shares(panel, options.split) if instants is None else Split.at(panel, *instants)


def with_settings(job: TrainingJob, options: TrainOptions, chosen: Mapping[str, Any]) -> TrainingJob:
    """The same measurements under the settings ``chosen``; what they leave open is chosen on validation.

    Raises:
        BadInput: a setting of another type or out of its range.
        UnknownName: a setting that there is none of.
    """
    for key in chosen:
        if key not in SETTINGS:
            raise UnknownName.among("setting", key, list(SETTINGS))
    given = job.panel.covariates
    clock = {"country": options.country, "timezone": options.timezone} | (
        {} if given is None else {"covariates": list(given.names)}
    )
    own = {key: value for key, value in chosen.items() if key in RIDGE_SETTINGS}
    recipe = {key: value for key, value in chosen.items() if key in _RECIPE}
    features = {key: value for key, value in chosen.items() if key not in own | recipe}
    return replace(
        job,
        config=fitting_config(job.panel, job.split, clock | features),
        recipe=from_plain(Recipe, ({"members": ["linear"]} if options.quick else {}) | recipe),
        gains=() if options.quick or set(GAIN_NAMES) & features.keys() else GAINS,
        ridges=(_ridge(own),) if own else (Ridge(),) if options.quick else RIDGES,
    )


def _ridge(chosen: Mapping[str, Any]) -> Ridge:
    for key, value in chosen.items():
        if type(value) not in (int, float) or not 0 < value < float("inf"):
            raise BadInput(
                cause=f"{key}={value!r} is no share above 0", mend=f"Give a number, e.g. {key}={RIDGE_SETTINGS[key]:g}"
            )
    return Ridge(**{key.removeprefix("ridge_"): float(value) for key, value in chosen.items()})
