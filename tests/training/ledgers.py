"""Ledgers of made-up errors."""

from datetime import UTC, datetime

import numpy as np

from features.series import Panel
from training.ledger import Bookkeeper, Ledger
from training.scores import Scoreboard

START = datetime(2022, 3, 6, 15, tzinfo=UTC)  # a Monday's midnight in Seoul
STEPS = 3


def ledger_of(errors: np.ndarray, *, unit: str = "veh/h", values: np.ndarray | None = None) -> Ledger:
    """The ledger of forecasts that miss by ``errors``, (issue, entity, step), of an hourly city.

    Args:
        errors: forecast less measured.
        unit: of the errors.
        values: (time, entity), what was measured; 1000 everywhere where None.
    """
    issues, entities, steps = errors.shape
    if values is None:
        values = np.full((issues + steps - 1, entities), 1000, dtype=np.float32)
    panel = Panel(
        start=START,
        step_min=60,
        entities=tuple(f"P-{number}" for number in range(entities)),
        values=values.astype(np.float32),
        quantity="volume_veh_h",
    )
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit=unit)
    books = Bookkeeper(panel, range(len(values)), scores, horizon_steps=steps, country="KR", timezone="Asia/Seoul")
    for issue in range(issues):
        measured = values[issue : issue + steps].T
        median = measured + errors[issue]
        forecast = np.stack([median - 10, median, median + 10], axis=-1)
        books.add(issue, forecast.astype(np.float32), measured.astype(np.float32))
    return books.ledger()


def daily(errors: np.ndarray) -> Ledger:
    """A ledger of one forecast a day and place, one step ahead, straight from its sums.

    Args:
        errors: (day, place), absolute.
    """
    days, places = errors.shape

    def sums(values: np.ndarray) -> dict[str, np.ndarray]:
        return {key: array.astype(np.float32) for key, array in _counted(values, np.ones_like(values)).items()}

    whole = errors.sum(axis=1, keepdims=True)
    nowhere = np.zeros((days, 2))
    count = np.column_stack([nowhere, np.full(days, places)])
    by_issue = _counted(whole, count[:, 2:]) | {"pinball": whole / 2}
    return Ledger(
        start=START,
        step_min=1440,
        entities=tuple(f"P-{number}" for number in range(places)),
        unit="veh/h",
        timezone="Asia/Seoul",
        meant=0.8,
        data_sha256="0" * 64,
        first_day=19058,
        day_kind=np.zeros(days, dtype=np.int8),
        by_issue=by_issue,
        by_place=sums(errors),
        by_part=_counted(np.column_stack([nowhere, whole]), count),
    )


def _counted(error: np.ndarray, count: np.ndarray) -> dict[str, np.ndarray]:
    return {"error": error, "inside": 0.8 * count, "count": count}
