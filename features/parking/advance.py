"""The state's only writer: it takes in the counts that became known, and forgets what nobody looks back on."""

from dataclasses import dataclass
from datetime import datetime

from features.clock import step_on_clock
from features.covariate_ring import News, move
from features.parking.config import ParkingConfig
from features.parking.rows import rows_of
from features.parking.state import ParkingState
from features.parking.track import IssuedInterval, Tracker
from features.series import Panel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """What became known since the state's ``as_of``.

    Attributes:
        measured: counts in spaces, each row the instant of a reading; with covariates, where the model looks at any.
        issued: forecasts that were issued meanwhile, by which the intervals are tracked.
    """

    measured: Panel
    issued: tuple[IssuedInterval, ...] = ()


def advance(state: ParkingState, raw: Raw, config: ParkingConfig, until: datetime) -> ParkingState:
    """The state as it is at ``until``: every count and covariate known by then is in, none that came later.

    Args:
        state: left untouched.
        raw: counts known at or before ``state.as_of`` count as known already.
        config: of the same training as the state.
        until: aware, on the clock, not before ``state.as_of``.

    Raises:
        BadInput: another step, a time off the clock, ``until`` before ``as_of``, or other covariates than the config's.
        UnknownName: a lot that the state does not know.
    """
    rows = rows_of(state, raw.measured, config, until)
    moved = state.copy()
    moved.tail = rows.known_at(len(rows.values) - 1)[-config.memory_steps :].copy()
    moved.alike = rows.alike[-config.memory_steps :].copy()
    tracker = Tracker(state, raw.issued, config)
    tracker.to(rows.first + len(rows.values) - 1, rows.timely(), rows.first)
    moved.width, moved.pending = tracker.width, tracker.pending
    since, number = (step_on_clock(each, config.step_min, like=state.as_of) for each in (state.as_of, until))
    move(moved.covariate, since, number, config.ring)
    if raw.measured.covariates is not None:
        News(raw.measured.covariates, config.ring, like=state.as_of).tell(moved.covariate, number)
    moved.as_of = until
    return moved
