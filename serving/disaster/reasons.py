"""Why a probability is what it is: the model is asked again without each measurement, all in one call.

This is an approximation, and says so (``serving.disaster.wording.METHOD``): it needs nothing but the graph that is
served, whatever is in it.
"""

from dataclasses import dataclass

import numpy as np

from features.clock import step_on_clock
from features.disaster.config import DisasterConfig
from features.disaster.rows import rows_of
from features.disaster.sight import screened
from features.disaster.signal import EVERYWHERE, OWN
from features.disaster.state import DisasterState
from features.series import unit_of
from serving.call import Call
from serving.disaster.moment import Moment
from serving.disaster.replies import Reason
from serving.disaster.wording import reason
from serving.runtime import Runtime
from serving.served import Served
from serving.tensors import Array

# What comes nearest to a reading is shown; of a change, or a share of the time, the latest reading itself.
_NEARNESS = {"lag": 0, "mean": 1, "highest": 2, "lowest": 2, "total": 3, "ahead": 4}
# What moves a probability by less is no reason to anybody.
_LEAST_EFFECT = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which probability is asked about.

    Attributes:
        place: among the table's.
        level: number of the level.
        horizon: number of the horizon.
        most: reasons at most.
    """

    place: int
    level: int
    horizon: int
    most: int


def reasons(
    runtime: Runtime, served: Served, config: DisasterConfig, moment: Moment, asked: Asked, call: Call
) -> list[Reason]:
    """The measurements that a probability rests on most, the strongest first.

    Args:
        runtime: that holds the model.
        served: a hazard's model, not its fallback, which looks at none of them.
        config: of the model.
        moment: that was asked about.
        asked: which probability.
        call: for which it is asked.
    """
    inputs = {name: array[asked.place : asked.place + 1] for name, array in moment.table.inputs.items()}
    columns = _columns(config)
    known = {key: own for key, own in columns.items() if inputs["feature_mask"][0, own].any()}
    outputs = runtime.infer(served, _without(inputs, list(known.values())), call)
    whole, *rest = outputs["within"][:, asked.level, asked.horizon].tolist()
    place = moment.table.entities[asked.place]
    found = []
    for row, ((quantity, at), own) in enumerate(known.items(), start=1):
        # What the model does not answer itself tells nothing of the measurement; nor does NaN.
        if row in outputs.fallback or not abs(whole - rest[row - 1]) >= _LEAST_EFFECT:
            continue
        where, without = place if at == OWN else at, rest[row - 1]
        value, unit = _seen(config, inputs, own), unit_of(quantity)
        if value is None:
            value = _latest(config, moment.state, own, where)
        is_own = at == OWN and quantity == config.hazard.quantity
        said = f"{value:,.4g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"
        words = reason(quantity, where, said, is_own=is_own, probability=whole, without=without)
        found.append(
            Reason(
                quantity=quantity,
                entity_id=where,
                value=value,
                unit=unit,
                without=without,
                effect=whole - without,
                words=words,
            )
        )
    return sorted(found, key=lambda one: -abs(one.effect))[: asked.most]


def _columns(config: DisasterConfig) -> dict[tuple[str, str], list[int]]:
    """The features of each quantity at each place: the same may be looked at as several signals."""
    found: dict[tuple[str, str], list[int]] = {}
    for column, feature in enumerate(config.features):
        signal = config.hazard.signals[feature.signal]
        found.setdefault((signal.quantity, signal.at), []).append(column)
    return found


def _without(inputs: dict[str, Array], columns: list[list[int]]) -> dict[str, Array]:
    """The one row of ``inputs``, and then the same without each of ``columns``."""
    rows = {name: np.repeat(array, 1 + len(columns), axis=0) for name, array in inputs.items()}
    for row, own in enumerate(columns, start=1):
        rows["feature"][row, own] = 0
        rows["feature_mask"][row, own] = False
    return rows


def _seen(config: DisasterConfig, inputs: dict[str, Array], columns: list[int]) -> float | None:
    """The newest reading that the model sees, else their shortest mean or the like, in the unit that was measured."""
    seen = [at for at in columns if inputs["feature_mask"][0, at] and config.features[at].kind in _NEARNESS]
    if not seen:
        return None
    column = min(seen, key=lambda one: (_NEARNESS[config.features[one].kind], config.features[one].steps))
    value, power = float(inputs["feature"][0, column]), config.hazard.signals[config.features[column].signal].power
    # Undoes what was done to it as a feature.
    return float(np.sign(value) * abs(value) ** (1 / power))


def _latest(config: DisasterConfig, state: DisasterState, columns: list[int], where: str) -> float:
    """The latest reading that can be true; of everywhere the mean of the latest ones."""
    signal = config.hazard.signals[config.features[columns[0]].signal]
    rows = rows_of(state, None, config, state.as_of)
    last = np.array([rows.row(step_on_clock(state.as_of, config.step_min, like=state.as_of))])
    sources = np.array([at for at, name in enumerate(state.sources) if where in (name, EVERYWHERE)])
    seen = rows.seen(signal.quantity, last, sources, range(1 - config.memory_steps, 1))[0]
    latest = [float(one[~np.isnan(one)][-1]) for one in screened(seen.T, signal) if not np.isnan(one).all()]
    return float(np.mean(latest))
