"""Which places take part in a training, and what it is set to where nothing is set."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from features.errors import BadInput
from features.series import Panel
from features.traffic.config import TrafficConfig
from training.split import Split


def measured_entities(panel: Panel, split: Split) -> tuple[Panel, tuple[str, ...]]:
    """The panel without entities that were never measured before validation, and their names.

    Raises:
        BadInput: no entity was.
    """
    missing = np.isnan(panel.values[: split.validation])
    seen = [not missing[:, column].all() for column in range(len(panel.entities))]
    if not any(seen):
        raise BadInput(
            cause="Nothing was measured in the training interval",
            mend="Choose another --split, or a file with measurements there",
        )
    kept = tuple(name for name, ok in zip(panel.entities, seen, strict=True) if ok)
    dropped = tuple(name for name, ok in zip(panel.entities, seen, strict=True) if not ok)
    return (panel.select(kept) if dropped else panel), dropped


def fitting_config(panel: Panel, split: Split, chosen: Mapping[str, Any]) -> TrafficConfig:
    """The settings that were chosen, the others as they fit the clock and the length of the measurements.

    Hourly and coarser: a day back and a day ahead. Finer: twelve steps back and ahead, as is usual in this field.
    Seasonal lags: a day and a week, without one that the horizon outruns or that more than half of the training
    interval could not know.

    Raises:
        BadInput: a setting of another type or out of its range, or measurements whose step does not divide a day.
        UnknownName: a setting that there is none of.
    """
    steps = 1440 // panel.step_min if panel.step_min >= 60 else 12
    # The longest lag, which no horizon outruns, stands in until the horizon is known to be one.
    own = {"step_min": panel.step_min, "horizon_steps": steps, "history_steps": steps, "seasonal_lags_days": [28]}
    config = TrafficConfig.from_json(own | dict(chosen))
    if config.step_min != panel.step_min:
        raise BadInput(
            cause=f"step_min={config.step_min} is set, the measurements step by {panel.step_min} min",
            mend="Leave step_min out; it is read from the measurements",
        )
    if "seasonal_lags_days" in chosen:
        return config
    first = -(-config.horizon_steps // config.steps_per_day)
    known = split.validation // 2 // config.steps_per_day
    lags = tuple(lag for lag in (1, 7) if first <= lag <= known)
    return replace(config, seasonal_lags_days=lags or (first,))
