"""A city of three entities, nine days of it measured; the last entity never was."""

from datetime import UTC, datetime, timedelta

import numpy as np

from features.traffic.config import TrafficConfig

CONFIG = TrafficConfig(horizon_steps=3, history_steps=4, seasonal_lags_days=(1,))
ENTITIES = ("A-01/in", "A-01/out", "B-07/in")
START = datetime(2022, 3, 7, tzinfo=UTC)
AS_OF = START + timedelta(days=9)
HOUR = timedelta(hours=1)


def volumes(hours: int) -> np.ndarray:
    """(time, entity), veh/h: a daily wave, one hour missing, the last entity never measured."""
    rising = 300 + 200 * np.sin(np.arange(hours)[:, None] * (2 * np.pi / 24)) + np.array([0, 50, 0])
    rising[:, 2] = np.nan
    rising[-2, 1] = np.nan
    return rising.astype(np.float32)
