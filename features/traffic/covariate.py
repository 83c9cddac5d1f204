"""What the traffic features know of the city as a whole, such as its weather: the newest intervals and those ahead."""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH
from features.covariates import Covariates
from features.errors import BadInput
from features.series import FloatArray
from features.traffic.config import COVARIATE_DAYS, RECENT_COVARIATES, TrafficConfig
from features.traffic.state import TrafficState

IntArray = npt.NDArray[np.int64]


class News:
    """Rows in the order in which they come to be seen, each written into a state once."""

    def __init__(self, covariates: Covariates, config: TrafficConfig, like: datetime) -> None:
        rows, self._enters = entering(covariates, config, like)
        self._number, self._values = _numbers(rows, config), rows.values
        self._told = 0

    def tell(self, state: TrafficState, until: int) -> None:
        """Write all that is seen by the start of the step ``until``, where the state's ring stands."""
        told = slice(self._told, int(np.searchsorted(self._enters, until, side="right")))
        self._told = max(self._told, told.stop)
        number, ring = self._number[told], len(state.covariate)
        # Nothing lies further ahead than the ring reaches: it would not have entered yet.
        kept = number >= until - COVARIATE_DAYS * _slots(state)
        for column, values in enumerate(self._values[told].T):
            known = kept & ~np.isnan(values)
            # Of two rows of one interval the later one stands: numpy assigns in order.
            state.covariate[number[known] % ring, column] = values[known]


def entering(covariates: Covariates, config: TrafficConfig, like: datetime) -> tuple[Covariates, IntArray]:
    """The rows in the order in which they come to be seen, and the step number at whose start each does.

    A row is seen once it is available, and once its interval is no further ahead than the horizon: what is known of
    next month waits until then.

    Args:
        covariates: in any order.
        config: of the features.
        like: the start of a step; an hour may start at half past.

    Raises:
        BadInput: other names than the config's.
    """
    if covariates.names != config.covariates:
        raise BadInput(
            cause=f"The covariates are {list(covariates.names)}, the model looks at {list(config.covariates)}",
            mend="Give the columns that the model was trained with, in their order",
        )
    phase_s = (like - EPOCH) % timedelta(minutes=config.step_min) // timedelta(seconds=1)
    known_s = covariates.available_at.astype("datetime64[s]").astype(np.int64)
    known = -(-(known_s - phase_s) // (config.step_min * 60))
    enters = np.maximum(known, _numbers(covariates, config) - config.horizon_steps + 1)
    order = np.lexsort((known_s, enters))
    return covariates.rows(order), enters[order]


def move(state: TrafficState, since: int, until: int, config: TrafficConfig) -> None:
    """Carry the ring from the step number ``since`` to ``until``: of the targets that come into reach nothing is known.

    Args:
        state: changed in place.
        since: where the ring stands.
        until: not before.
        config: of the state.
    """
    ring = len(state.covariate)
    state.covariate[(np.arange(max(since, until - ring), until) + config.horizon_steps) % ring] = np.nan


def departures(state: TrafficState, number: int, config: TrafficConfig) -> FloatArray:
    """How far each covariate is from what it has been at that time of day: (recent + step, name), NaN where unknown.

    Usual is the median of the days of the past week at the same slot: half the days are dry, so that rain is itself,
    and a mild day in January is warm. It needs nothing that training fits, and follows the seasons.

    Args:
        state: as of the step ``number``.
        number: of step 1.
        config: of the state.

    Returns:
        The newest intervals that are over, latest first, then each target; in the covariate's own unit.
    """
    ring, slots = len(state.covariate), config.steps_per_day
    seen = np.concatenate([number - 1 - np.arange(RECENT_COVARIATES), number + np.arange(config.horizon_steps)])
    first = number - COVARIATE_DAYS * slots
    days = first + np.arange(COVARIATE_DAYS)[:, None] * slots + (seen - first) % slots
    week = np.sort(state.covariate[days % ring], axis=0)  # what is missing comes last
    count = (~np.isnan(week)).sum(axis=0)
    # An even number of days has two in its middle.
    low, high = (np.take_along_axis(week, at[None], axis=0)[0] for at in (np.maximum(count - 1, 0) // 2, count // 2))
    found: FloatArray = (state.covariate[seen % ring] - (low + high) / 2).astype(np.float32)
    return found


def _numbers(covariates: Covariates, config: TrafficConfig) -> IntArray:
    """(row,), step numbers of the intervals."""
    seconds: IntArray = covariates.time.astype("datetime64[s]").astype(np.int64)
    return seconds // (config.step_min * 60)


def _slots(state: TrafficState) -> int:
    return len(state.level)
