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
