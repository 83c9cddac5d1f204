"""Scores gathered issue time by issue time, masked: a target that was not measured counts nowhere."""

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.manifest import Score
from features.series import FloatArray

_Counts = npt.NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class Scoreboard:
    """Running sums of errors, by step, by entity and by hour of the day.

    Attributes:
        model: its name, among the baselines'.
        quantiles: that the model forecasts, the median in the middle.
        unit: of the measurements.
        absolute: forecaster to (step,), summed absolute errors.
        squared: forecaster to (step,), summed squared errors.
        count: (step,), targets measured.
        by_entity: ``error`` and ``inside`` and ``count`` to (entity,), of the model.
        by_hour: the same to (24, step), by the hour of the target's wall clock.
        inside: (step,), targets inside the interval.
        pinball: (quantile,), summed pinball loss.
        issues: issue times added.
    """

    model: str
    quantiles: tuple[float, ...]
    unit: str
    absolute: dict[str, _Counts] = field(default_factory=dict)
    squared: dict[str, _Counts] = field(default_factory=dict)
    count: _Counts = field(default_factory=lambda: np.zeros(0))
    inside: _Counts = field(default_factory=lambda: np.zeros(0))
    pinball: _Counts = field(default_factory=lambda: np.zeros(0))
    by_entity: dict[str, _Counts] = field(default_factory=dict)
    by_hour: dict[str, _Counts] = field(default_factory=dict)
    issues: int = 0

    def add(
        self,
        forecast: FloatArray,
        measured: FloatArray,
        baselines: dict[str, FloatArray],
        hours: npt.NDArray[np.int64],
    ) -> None:
        """Add one issue time.

        Args:
            forecast: (entity, step, quantile).
            measured: (entity, step), NaN where missing.
            baselines: name to (entity, step).
            hours: (step,), hour of the day of each target, 0-23.
        """
        median = forecast[..., forecast.shape[-1] // 2]
        # Only what every forecaster answered is compared.
        known = ~np.isnan(measured) & ~np.isnan(median)
        inside = known & (measured >= forecast[..., 0]) & (measured <= forecast[..., -1])
        if not self.absolute:
            self._start(measured.shape, [self.model, *baselines])
        for name, values in {self.model: median, **baselines}.items():
            error = np.where(known, np.abs(measured - values), 0).astype(np.float64)
            self.absolute[name] += error.sum(axis=0)
            self.squared[name] += (error**2).sum(axis=0)
        self.issues += 1
        self.count += known.sum(axis=0)
        self.inside += inside.sum(axis=0)
        self.pinball += [pinball(measured, forecast[..., i], known, q).sum() for i, q in enumerate(self.quantiles)]
        off = np.where(known, np.abs(measured - median), 0)
        for key, values in {"error": off, "inside": inside, "count": known}.items():
            self.by_entity[key] += values.sum(axis=1)
            self.by_hour[key][hours, np.arange(len(hours))] += values.sum(axis=0)

    def join(self, other: "Scoreboard") -> None:
        """Add all that ``other`` gathered of the same forecasters and entities."""
        if not other.absolute:
            return
        if not self.absolute:
            self._start((len(other.by_entity["count"]), len(other.count)), list(other.absolute))
        for mine, theirs in (
            (self.absolute, other.absolute),
            (self.squared, other.squared),
            (self.by_entity, other.by_entity),
            (self.by_hour, other.by_hour),
        ):
            for key, sums in theirs.items():
                mine[key] += sums
        self.count += other.count
        self.inside += other.inside
        self.pinball += other.pinball
        self.issues += other.issues

    def _start(self, shape: tuple[int, ...], names: list[str]) -> None:
        entities, steps = shape
        self.absolute = {name: np.zeros(steps) for name in names}
        self.squared = {name: np.zeros(steps) for name in names}
        self.count, self.inside, self.pinball = np.zeros(steps), np.zeros(steps), np.zeros(len(self.quantiles))
        self.by_entity = {key: np.zeros(entities) for key in ("error", "inside", "count")}
        self.by_hour = {key: np.zeros((24, steps)) for key in ("error", "inside", "count")}

    def mae(self, name: str, step: int | None = None) -> float:
        """Mean absolute error of a forecaster, at one step or over all targets; NaN where none was measured."""
        return _share(self.absolute[name], self.count, step)

    def rmse(self, name: str, step: int | None = None) -> float:
        """Root mean squared error, likewise."""
        return float(np.sqrt(_share(self.squared[name], self.count, step)))

    def coverage(self, step: int | None = None) -> float:
        """Share of targets inside the interval."""
        return _share(self.inside, self.count, step)

    def mean_pinball(self) -> float:
        """Pinball loss averaged over quantiles and targets (Koenker and Bassett 1978)."""
        total = self.count.sum()
        return float(self.pinball.mean() / total) if total else float("nan")

    def shown_steps(self) -> list[int]:
        """The steps that tables show: about five, the first and the last among them."""
        return shown_steps(len(self.count))

    def table(self) -> list[dict[str, float | str]]:
        """One row a forecaster: MAE over all targets and at the shown steps, RMSE over all."""
        rows = []
        for name in self.absolute:
            row: dict[str, float | str] = {"forecaster": name, "mae": self.mae(name)}
            row |= {f"mae_step_{step}": self.mae(name, step) for step in self.shown_steps()}
            rows.append(row | {"rmse": self.rmse(name)})
        return rows

    def metrics(self) -> tuple[tuple[str, float, int], ...]:
        """What a run records: name, value and step, 0 where the figure is over all steps."""
        found = [("coverage", self.coverage(), 0), ("pinball", self.mean_pinball(), 0)]
        for name in self.absolute:
            # MLflow takes no plus sign.
            key = re.sub(r"[^\w.:/-]+", "_", name)
            found += [(f"mae/{key}", self.mae(name), 0), (f"rmse/{key}", self.rmse(name), 0)]
            found += [(f"mae_by_step/{key}", self.mae(name, step), step) for step in range(1, len(self.count) + 1)]
        return tuple(found)

    def to_manifest(self, interval: str) -> tuple[Score, ...]:
        """The figures that travel with the model, each baseline's beside the model's."""
        steps = len(self.count)
        found = [("coverage", "1", f"1-{steps}", self.model, self.coverage())]
        found.append(("pinball", self.unit, f"1-{steps}", self.model, self.mean_pinball()))
        for name in self.absolute:
            found.append(("mae", self.unit, f"1-{steps}", name, self.mae(name)))
            found += [("mae", self.unit, str(step), name, self.mae(name, step)) for step in self.shown_steps()]
        return tuple(
            Score(model=name, metric=metric, unit=unit, horizon=horizon, value=round(value, 6), interval=interval)
            for metric, unit, horizon, name, value in found
            if np.isfinite(value)
        )


def shown_steps(steps: int) -> list[int]:
    """The steps that tables show of a horizon: about five, the first and the last among them.

    >>> shown_steps(24)
    [1, 3, 6, 12, 24]
    """
    return sorted({step for step in (1, 3, 6, 12, 24, 48, steps) if step <= steps})


def pinball(measured: FloatArray, quantile: FloatArray, known: npt.NDArray[np.bool_], level: float) -> _Counts:
    """The loss of one quantile at each target, 0 where none is ``known`` (Koenker and Bassett 1978)."""
    over: _Counts = np.where(known, measured - quantile, 0).astype(np.float64)
    return np.maximum(level * over, (level - 1) * over)


def _share(sums: _Counts, count: _Counts, step: int | None) -> float:
    top, bottom = (sums.sum(), count.sum()) if step is None else (sums[step - 1], count[step - 1])
    return float(top / bottom) if bottom else float("nan")
