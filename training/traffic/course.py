"""How large the errors of a stretch of forecasts were as time went on."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.series import FloatArray
from training.baselines import PROFILE
from training.traffic.replay import Issue

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Summed absolute errors, an entry an issue time.

    Attributes:
        model: its name.
        rows: of the issue times.
        absolute: of the model and the adaptive profile, by name.
        count: targets measured.
    """

    model: str
    rows: list[int] = field(default_factory=list)
    absolute: dict[str, list[float]] = field(default_factory=dict)
    count: list[int] = field(default_factory=list)

    def see(self, issue: Issue) -> None:
        """Take in an issue time."""
        median = issue.forecast[..., issue.forecast.shape[-1] // 2]
        known = ~np.isnan(issue.measured) & ~np.isnan(median)
        self.rows.append(issue.row)
        self.count.append(int(known.sum()))
        profile: FloatArray = np.asarray(issue.table.inputs["profile"], dtype=np.float32)
        for name, values in ((self.model, median), (PROFILE, profile)):
            off = np.abs(issue.measured - values)[known]
            self.absolute.setdefault(name, []).append(float(off.sum(dtype=np.float64)))

    def by_day(self, days: Days) -> tuple[Days, dict[str, npt.NDArray[np.float64]]]:
        """Mean absolute error of each day's issue times, by name; NaN where nothing was measured.

        Args:
            days: (row of the panel,), the local day on which each issue time is.
        """
        found, at = np.unique(days[self.rows], return_inverse=True)
        count = np.bincount(at, weights=self.count)
        means = {}
        for name, sums in self.absolute.items():
            total = np.bincount(at, weights=sums)
            means[name] = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        return found, means
