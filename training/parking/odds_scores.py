"""How good the probability of being full is, step by step, beside what needs no model."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_TYPES, days
from features.clock import utc_times
from features.parking.profile import Clock
from features.series import FloatArray
from training.parking.replay import Issue
from training.parking.sample import Past
from training.probabilities import average_precision, brier, calibration_error
from training.scores import shown_steps

PERSISTENCE, USUAL = "as it is now", "as usual at that time of the week"


@dataclass(frozen=True, slots=True, kw_only=True)
class FullScore:
    """Of the probability of being full, some steps ahead.

    Attributes:
        step: how many.
        count: forecasts of which it is known how they ended.
        came: share of them at which the lot was full.
        brier: mean squared difference (Brier 1950).
        brier_persistence: of taking it to be as it is now.
        brier_usual: of how often it was full at that time of the week, before.
        average_precision: area under precision and recall; NaN where it never came.
        calibration_error: expected, over ten bins of probability.
    """

    step: int
    count: int
    came: float
    brier: float
    brier_persistence: float
    brier_usual: float
    average_precision: float
    calibration_error: float


@dataclass(slots=True, kw_only=True, eq=False)
class FullScores:
    """Gathers probabilities and what came.

    Attributes:
        past: the counts.
        learned: (lot,), whether a lot is judged.
        until: rows that may tell what is usual.
    """

    past: Past
    learned: npt.NDArray[np.bool_]
    until: int
    _said: dict[int, list[FloatArray]] = field(default_factory=dict)
    _usual: FloatArray = field(init=False)
    _clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        config, panel = self.past.config, self.past.panel
        times = utc_times(panel.start, panel.step_min, len(panel) + config.horizon_steps)
        self._clock = Clock.of(times, days(times, country=config.country, timezone=config.timezone), config)
        shares = self.past.shares()[: self.until]
        known, is_full = ~np.isnan(shares), shares <= config.full_share
        where = self._clock.slot[: self.until], self._clock.kind[: self.until]
        count, total = (np.zeros((config.steps_per_day, len(DAY_TYPES), shares.shape[1])) for _ in range(2))
        np.add.at(count, where, known)
        np.add.at(total, where, is_full & known)
        overall = (is_full & known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        # Of a kind of day hardly ever seen the lot's own rate stands in.
        self._usual = ((total + overall) / (count + 1)).astype(np.float32)

    def add(self, issue: Issue) -> None:
        """Take in one issue time."""
        config, lots = self.past.config, np.flatnonzero(self.learned)
        capacity = self.past.start.capacity[lots]
        mask = np.asarray(issue.inputs["now_mask"], dtype=np.bool_)[lots]
        now = np.asarray(issue.inputs["now"], dtype=np.float32)[lots] <= config.full_share
        for step in shown_steps(config.horizon_steps):
            came, said = issue.came[lots, step - 1], issue.full[lots, step - 1]
            at = issue.row + step
            usual = self._usual[self._clock.slot[at], self._clock.kind[at], lots]
            known = ~np.isnan(came) & ~np.isnan(said)
            is_full = came <= config.full_share * capacity
            columns = [said, is_full, np.where(mask, now, usual), usual]
            self._said.setdefault(step, []).append(np.stack(columns)[:, known].astype(np.float32))

    def scores(self) -> tuple[FullScore, ...]:
        """One a shown step of which anything is known."""
        found = []
        for step, parts in self._said.items():
            said, came, now, usual = np.concatenate(parts, axis=1).astype(np.float64)
            if len(said):
                found.append(
                    FullScore(
                        step=step,
                        count=len(said),
                        came=float(came.mean()),
                        brier=brier(said, came),
                        brier_persistence=brier(now, came),
                        brier_usual=brier(usual, came),
                        average_precision=average_precision(said, came),
                        calibration_error=calibration_error(said, came),
                    )
                )
        return tuple(found)
