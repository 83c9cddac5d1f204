"""What each forecast came to, summed so that two models can be compared later without the measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.clock import utc_times, wall_clock
from features.series import FloatArray, Panel
from training.provenance import data_sha256
from training.regimes import DAYS, PARTS, REGIMES, day_kinds, parts
from training.scores import Scoreboard, pinball

Sums = npt.NDArray[np.float32]
HELD_WITHIN = 0.06
"""A site's interval holds well where its share of targets inside is this close to what was meant."""

_WORST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCoverage:
    """How evenly the interval holds from site to site.

    Attributes:
        low: share of targets inside at which a site still holds well.
        high: the same, from above.
        sites: with a measured target.
        share_within: of sites that hold between ``low`` and ``high``; None where there is none.
        worst: those furthest off that do not, entity to share inside, the furthest first, five at most.
    """

    low: float
    high: float
    sites: int
    share_within: float | None
    worst: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """Sums of a model's errors over one stretch of measurements.

    Attributes:
        start: of the first forecast, aware.
        step_min: minutes between two targets, and between two forecasts.
        entities: judged.
        unit: of the errors.
        timezone: whose days are counted.
        meant: share of targets that the interval should hold.
        data_sha256: of the measurements of the stretch.
        first_day: days since 1970-01-01 of the first local day with a target.
        day_kind: (day,), index into ``DAYS``.
        by_issue: ``error`` (summed absolute, of the median), ``pinball`` (mean over quantiles), ``inside`` and
            ``count`` to (issue, step); forecasts follow each other step by step.
        by_place: ``error``, ``inside`` and ``count`` to (day, entity), by the target's local day.
        by_part: the same to (day, part), ``PARTS`` of the day.
    """

    start: datetime
    step_min: int
    entities: tuple[str, ...]
    unit: str
    timezone: str
    meant: float
    data_sha256: str
    first_day: int
    day_kind: npt.NDArray[np.int8]
    by_issue: Mapping[str, Sums]
    by_place: Mapping[str, Sums]
    by_part: Mapping[str, Sums]

    @property
    def steps(self) -> int:
        """How far ahead is forecast."""
        return int(self.by_issue["count"].shape[1])

    @property
    def end(self) -> datetime:
        """When the last target ends."""
        rows = len(self.by_issue["count"]) + self.steps - 1
        return self.start + rows * timedelta(minutes=self.step_min)

    def issue_day(self) -> npt.NDArray[np.int64]:
        """(issue,), the local day of each forecast, counted from ``first_day``."""
        times = utc_times(self.start, self.step_min, len(self.by_issue["count"]))
        return wall_clock(times, self.timezone)[0] - self.first_day

    def of_regime(self, key: str, regime: str, day_kind: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """(day,), the sums of one regime.

        Args:
            key: ``error``, ``inside`` or ``count``.
            regime: one of ``REGIMES``.
            day_kind: (day,), index into ``DAYS``.
        """
        sums = self.by_part[key].astype(np.float64)
        if regime in PARTS:
            return np.where(day_kind == 0, sums[:, PARTS.index(regime)], 0)
        return np.where(day_kind == DAYS.index(regime), sums.sum(axis=1), 0)

    def regimes(self) -> list[dict[str, float | str]]:
        """Error and coverage by regime, one row each; a regime without a target is left out."""
        rows: list[dict[str, float | str]] = []
        for regime in REGIMES:
            sums = {key: float(self.of_regime(key, regime, self.day_kind).sum()) for key in self.by_part}
            if count := sums["count"]:
                found = {"mae": sums["error"] / count, "coverage": sums["inside"] / count, "targets": count}
                rows.append({"regime": regime} | found)
        return rows

    def sites(self) -> "SiteCoverage":
        """How evenly the interval holds from site to site."""
        count = self.by_place["count"].sum(axis=0, dtype=np.float64)
        known = np.flatnonzero(count)
        share = self.by_place["inside"].sum(axis=0, dtype=np.float64)[known] / count[known]
        off = np.abs(share - self.meant)
        # A share such as 0.86 is no exact binary number.
        held = off <= HELD_WITHIN + 1e-9
        worst = [place for place in np.argsort(-off, kind="stable")[:_WORST] if not held[place]]
        return SiteCoverage(
            low=max(0.0, round(self.meant - HELD_WITHIN, 6)),
            high=min(1.0, round(self.meant + HELD_WITHIN, 6)),
            sites=len(known),
            share_within=float(held.mean()) if len(known) else None,
            worst={self.entities[known[place]]: float(share[place]) for place in worst},
        )


class Bookkeeper:
    """Adds forecasts to a ledger, one issue time at a time."""

    def __init__(
        self, panel: Panel, rows: range, scores: Scoreboard, *, horizon_steps: int, country: str, timezone: str
    ):
        """Begin the ledger of ``rows``.

        Args:
            panel: measurements; rows before the first say which days are odd.
            rows: of the interval judged; forecasts whose targets all lie in it are to be added.
            scores: whose quantiles and unit are the ledger's too.
            horizon_steps: of a forecast.
            country: whose holidays count.
            timezone: of the wall clock.
        """
        times = utc_times(panel.time(rows.start), panel.step_min, len(rows))
        local = wall_clock(times, timezone)[0]
        kinds = day_kinds(panel, country=country, timezone=timezone)
        self._panel, self._rows, self._scores, self._timezone = panel, rows, scores, timezone
        self._first_day = int(local[0])
        self._day = local - self._first_day
        self._part = parts(times, panel.step_min, country=country, timezone=timezone)
        self._kind = kinds.kind[self._first_day - kinds.first :][: int(self._day[-1]) + 1]
        issues, count = max(len(rows) - horizon_steps + 1, 0), len(self._kind)
        self._by_issue = {key: np.zeros((issues, horizon_steps)) for key in ("error", "pinball", "inside", "count")}
        self._by_place = {key: np.zeros((count, len(panel.entities))) for key in ("error", "inside", "count")}
        self._by_part = {key: np.zeros((count, len(PARTS))) for key in ("error", "inside", "count")}

    def add(self, row: int, forecast: FloatArray, measured: FloatArray) -> None:
        """Add one issue time.

        Args:
            row: of the panel, where step 1 is.
            forecast: (entity, step, quantile), the median in the middle.
            measured: (entity, step), NaN where missing.
        """
        issue = row - self._rows.start
        ahead = slice(issue, issue + measured.shape[1])
        median = forecast[..., forecast.shape[-1] // 2]
        known = ~np.isnan(measured) & ~np.isnan(median)
        inside = known & (measured >= forecast[..., 0]) & (measured <= forecast[..., -1])
        error = np.where(known, np.abs(measured - median), 0).astype(np.float64)
        levels = enumerate(self._scores.quantiles)
        losses = [pinball(measured, forecast[..., i], known, level).sum(axis=0) for i, level in levels]
        self._by_issue["pinball"][issue] = np.mean(losses, axis=0)
        for key, values in {"error": error, "inside": inside, "count": known}.items():
            by_step = values.sum(axis=0)
            self._by_issue[key][issue] = by_step
            np.add.at(self._by_part[key], (self._day[ahead], self._part[ahead]), by_step)
            for day in np.unique(self._day[ahead]):
                self._by_place[key][day] += values[:, self._day[ahead] == day].sum(axis=1)

    def ledger(self) -> Ledger:
        """All that was added."""
        panel, rows, quantiles = self._panel, self._rows, self._scores.quantiles

        def compact(sums: dict[str, npt.NDArray[np.float64]]) -> dict[str, Sums]:
            return {key: values.astype(np.float32) for key, values in sums.items()}

        return Ledger(
            start=panel.time(rows.start),
            step_min=panel.step_min,
            entities=panel.entities,
            unit=self._scores.unit,
            timezone=self._timezone,
            meant=round(quantiles[-1] - quantiles[0], 6),
            data_sha256=data_sha256(panel.window(rows.start, rows.stop)),
            first_day=self._first_day,
            day_kind=self._kind,
            by_issue=compact(self._by_issue),
            by_place=compact(self._by_place),
            by_part=compact(self._by_part),
        )
