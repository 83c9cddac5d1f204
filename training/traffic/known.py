"""What of a panel was known when: a value that came late counts from when it came, and never before."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from features.clock import step_number, utc_times
from features.covariate_ring import IntArray, entering
from features.covariates import Covariates
from features.series import Panel
from features.traffic.advance import Raw, advance
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """A panel that is asked only for what was known at an issue time.

    Attributes:
        panel: measurements.
        config: of the features.
        late_steps: how many steps a value may come after its interval's end and still be news; the state remembers
            no further back.
        news: the panel's covariates in the order in which they come to be seen, and the step at whose start each is.
    """

    panel: Panel
    config: TrafficConfig
    late_steps: int
    news: tuple[Covariates, IntArray] | None = None

    @classmethod
    def of(cls, panel: Panel, config: TrafficConfig) -> "Past":
        """The past of ``panel``."""
        news = None if panel.covariates is None else entering(panel.covariates, config.ring, like=panel.start)
        return cls(panel=panel, config=config, late_steps=min(_latest_steps(panel), config.memory_steps), news=news)

    def known(self, since: datetime, row: int) -> Panel:
        """Every row that may hold news between ``since`` and the start of ``row``, without what was not known then."""
        panel = self.panel
        window = panel.window(max(panel.index(since) - self.late_steps, 0), row)
        if self.news is not None:
            rows, enters = self.news
            steps = [step_number(time, panel.step_min) for time in (since, panel.time(row))]
            first, last = np.searchsorted(enters, steps, side="right").tolist()
            # What was known before anything was measured is news to a state that begins with the measurements.
            window = replace(window, covariates=rows.rows(slice(0 if since <= panel.start else first, last)))
        if window.available_at is None:
            return window
        now = np.datetime64(panel.time(row).astimezone(UTC).replace(tzinfo=None), "s")
        values = np.where(window.available_at > now, np.float32(np.nan), window.values)
        return replace(window, values=values)

    def advanced(self, state: TrafficState, row: int) -> TrafficState:
        """The state as it was at the start of ``row``, had nothing been forecast meanwhile."""
        raw = Raw(measured=self.known(state.as_of, row))
        return advance(state, raw, self.config, self.panel.time(row))


def _latest_steps(panel: Panel) -> int:
    if panel.available_at is None:
        return 0
    ends = utc_times(panel.start + panel.step, panel.step_min, len(panel))[:, None]
    late_s = (panel.available_at - ends)[~np.isnan(panel.values)].astype("timedelta64[s]").astype(np.int64)
    return max(0, -(-int(late_s.max(initial=0)) // (panel.step_min * 60)))
