"""Lets the watch for abnormal flow live through a replay, and writes down what it told."""

import json
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from features.atomic import writing
from features.manifest import Manifest
from features.series import FloatArray, Panel
from features.traffic.abnormal import observe
from features.traffic.abnormal_config import WatchConfig
from features.traffic.happening import AbnormalFlow
from features.traffic.neighbours import IntArray, by_correlation, by_distance
from features.traffic.watch import Interval, fresh_watch

NEIGHBOURS = 3
"""Links that each link is compared with, of each sort: nearest, and of like errors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchedPlaces:
    """Where the links are that are watched.

    Attributes:
        positions: (entity,) latitude and longitude in degrees, or None where nobody knows.
    """

    positions: tuple[FloatArray, FloatArray] | None


class Watching:
    """Feeds a watch the measurements of a panel, each with the forecast that was issued at its start."""

    def __init__(self, panel: Panel, neighbours: IntArray, config: WatchConfig) -> None:
        self._panel, self._config = panel, config
        self._watch = fresh_watch(panel.entities, panel.step_min, neighbours, config)
        self._over: list[AbnormalFlow] = []

    @classmethod
    def of(cls, panel: Panel, first: int, places: WatchedPlaces) -> "Watching":
        """A watch over ``panel`` from row ``first`` on, its neighbours known from the rows before."""
        return cls(panel, neighbours(panel, first, places.positions), WatchConfig())

    def take(self, row: int, forecast: FloatArray) -> None:
        """One row of the panel.

        Args:
            row: rising from call to call.
            forecast: (entity, step, 3), q10, q50 and q90, issued at the row's start.
        """
        panel, measured = self._panel, self._panel.values[row]
        if panel.available_at is not None:
            # What came later than the interval's end was missing when it would have counted.
            over = np.datetime64(panel.time(row + 1).astimezone(UTC).replace(tzinfo=None), "s")
            measured = np.where(panel.available_at[row] <= over, measured, np.float32(np.nan))
        interval = Interval(start=panel.time(row), measured=measured, forecast=forecast)
        self._watch, news = observe(self._watch, interval, self._config)
        self._over += [event for event in news if event.cleared_at is not None]

    @property
    def events(self) -> list[AbnormalFlow]:
        """Every event in its last form, by onset; those that still last are not cleared."""
        return sorted((*self._over, *self._watch.ongoing), key=lambda event: (event.onset, event.id))


def neighbours(panel: Panel, learned: int, positions: tuple[FloatArray, FloatArray] | None) -> IntArray:
    """The links that each link is compared with: the nearest, where places are known, and those of like errors.

    Errors are what was measured beyond the mean of the hour of the week, the city's common share removed.

    Args:
        panel: measurements.
        learned: rows from the first on that may be looked at; with less than four weeks no errors are compared.
        positions: (entity,) latitude and longitude in degrees, or None.
    """
    week = 7 * 1440 // panel.step_min
    values = panel.values[:learned]
    alike = np.full((len(panel.entities), NEIGHBOURS), -1, dtype=np.int64)
    if learned >= 4 * week:
        whole = values[: learned // week * week].reshape(-1, week, len(panel.entities))
        known = ~np.isnan(whole)
        mean = np.where(known, whole, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        errors = (whole - mean).reshape(-1, len(panel.entities))
        expected = np.where(known, mean, 0).reshape(errors.shape)
        city = np.nansum(errors, axis=1) / np.maximum(expected.sum(axis=1), 1)
        alike = by_correlation((errors - city[:, None] * expected).astype(np.float32), NEIGHBOURS)
    if positions is None:
        return alike
    return np.concatenate([by_distance(*positions, NEIGHBOURS), alike], axis=1)


def write_events(events: list[AbnormalFlow], manifest: Manifest, path: Path, *, simulated: bool) -> None:
    """One JSON line an event; the file is there whole or not at all.

    Args:
        events: by onset.
        manifest: of the model whose forecasts were watched.
        path: of the file.
        simulated: whether the measurements, or the model's, are.
    """
    source = {
        "quantity": manifest.quantity,
        "simulated": simulated,
        "model": manifest.name,
        "version": manifest.version,
    }
    with writing(path) as partial, partial.open("w", encoding="utf-8") as lines:
        for event in events:
            lines.write(json.dumps(event.to_json() | source, ensure_ascii=False, allow_nan=False) + "\n")
