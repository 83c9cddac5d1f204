"""The state's only writer: it takes in the readings that became known, and forgets what nobody looks back on."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.clock import step_on_clock
from features.disaster.config import DisasterConfig
from features.disaster.force import carried_before
from features.disaster.measured import Measured
from features.disaster.rows import rows_of
from features.disaster.state import DisasterState, quantities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """What became known since the state's ``as_of``."""

    measured: Measured


def advance(state: DisasterState, raw: Raw, config: DisasterConfig, until: datetime) -> DisasterState:
    """The state as it is at ``until``: every reading known by then is in, none that came later.

    Args:
        state: left untouched.
        raw: readings known at or before ``state.as_of`` count as known already.
        config: of the same training as the state.
        until: aware, on the clock, not before ``state.as_of``.

    Raises:
        BadInput: another step, a time off the clock, or ``until`` before ``as_of``.
    """
    rows = rows_of(state, raw.measured, config, until)
    last = np.array([rows.row(step_on_clock(until, config.step_min, like=state.as_of))])
    columns, kept = np.arange(len(state.sources)), range(1 - config.memory_steps, 1 + config.ahead_steps)
    moved = state.copy()
    moved.tail = np.stack([rows.seen(name, last, columns, kept)[0] for name in quantities(config)])
    moved.before = carried_before(rows, state, config, last)[:, 0].astype(np.float32)
    moved.as_of = until
    return moved
