"""What is known at the moment that a request asks about: the state advanced by the request's own counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.covariates import Covariates
from features.errors import BadInput
from features.parking.advance import Raw, advance
from features.parking.build import QUALITIES, Table, build
from features.parking.config import ParkingConfig
from features.parking.lots import Lots
from features.parking.sight import SEEN, SILENT_H
from features.parking.state import ParkingState
from features.series import FloatArray, Panel
from serving import outside
from serving.parking import measured, newcomers
from serving.parking.newcomers import Known
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant

Asking = v1.ParkingRequest | v1.RecommendRequest | v1.ShareRequest

# Beyond it, counts and the model's state have nothing to do with each other.
_LONGEST_SILENCE = timedelta(days=366)
# What passes without a count is passed in pieces: each takes as much memory as its readings would.
_PIECE = timedelta(days=30)
# The features take in nothing that comes so late, and reading it would take memory for all of the time between.
_HISTORY = timedelta(days=1)
_FREE_NOW, _AGE_H = SEEN.index("free now"), SEEN.index("age of it")
_FROZE = QUALITIES.index("degraded: the feed froze")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What one version needs beside its graph; ``known.lots`` are in the state's order."""

    config: ParkingConfig
    known: Known
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """Where things stand at an issue time; arrays run over the lots.

    Attributes:
        config: of the model.
        lots: of the model, and after them those that the request brought; their capacity is the one that counts.
        inputs: of the graph.
        quality: index into ``QUALITIES``.
        impossible: lots of which a count was left out.
        issued_at: step 1 is the first reading after it.
        as_of: until when counts were seen.
        is_stale: they are older than the operator allows.
        is_silent: they are so old that none of them stands.
    """

    config: ParkingConfig
    lots: Lots
    inputs: Mapping[str, npt.NDArray[np.generic]]
    quality: npt.NDArray[np.int8]
    impossible: frozenset[str]
    issued_at: datetime
    as_of: datetime
    is_stale: bool
    is_silent: bool

    def free(self) -> FloatArray:
        """(lot,): spaces by the newest count that stands; NaN where there is none, it is too old, or its feed froze."""
        seen = self.inputs["seen"].astype(np.float32)
        share, known = seen[:, _FREE_NOW], self.inputs["seen_mask"][:, _FREE_NOW].astype(np.bool_)
        # A model is told of older ones too, and how old they are; of a lot now they say nothing.
        known = known & (seen[:, _AGE_H] <= SILENT_H) & (self.quality != _FROZE) & (not self.is_silent)
        # A lot may be counted fuller than it is.
        spaces = np.maximum(share, 0) * self.lots.capacity
        # Shares are float32: a count comes back as it was.
        found: FloatArray = np.where(known, spaces.astype(np.float32).round(2), np.float32(np.nan))
        return found

    @property
    def full_below(self) -> FloatArray:
        """(lot,): with at most so many free spaces it counts as full."""
        found: FloatArray = np.float32(self.config.full_share) * self.lots.capacity
        return found


def moment(request: Asking, memory: Memory, *, now: datetime, stale_after: timedelta) -> Moment:
    """The moment that ``request`` asks about; the model's own state stays as it is.

    Args:
        request: with counts, new lots, covariates, an issue time, or none of them.
        memory: of the model that was asked.
        now: the time of the call.
        stale_after: from what age on counts are stale.

    Raises:
        UnknownName: a count of a lot that is neither the model's nor new, or a covariate that the model does not know.
        BadInput: counts, new lots or covariates that cannot be understood, or are not known by the issue time; a time
            that is long over, or off the clock.
    """
    config, known = memory.config, memory.known
    new = newcomers.read(request.new_lots, known)
    every = known if new is None else newcomers.joined(known, new, config)
    values = measured.read(request.counts, every.state, config)
    if new is not None:
        every = replace(every, state=newcomers.remembering(every.state, new, values, config))
    issued_at = measured.known_by(values, known.state, config)
    if request.HasField("issued_at"):
        issued_at = instant(request, "issued_at", "request")
    sent = outside.read(request.covariates, config.covariates, config.step_min, known.state.as_of)
    covariates = outside.known(sent, config.covariates, issued_at)
    fresh = _fresh(values, known.state, issued_at)
    newly = frozenset(() if new is None else new.ids)
    own = [value for value in fresh if value.entity_id not in newly]
    table = build(None, _at(known.state, own, covariates, memory, issued_at), config, [issued_at])
    if new is not None:
        # By itself: what a stranger brings changes nothing that is said of the model's own lots.
        both = build(None, _at(every.state, fresh, covariates, memory, issued_at), config, [issued_at])
        table = _with_the_last(table, both, len(new))
    as_of = max([known.state.as_of, *(value.time for value in fresh if value.possible)])
    # Whoever names the time, by issue or by news, asks about that time; else it is about now.
    asked_at = issued_at if fresh or request.HasField("issued_at") else now
    return Moment(
        config=config,
        lots=replace(every.lots, capacity=every.state.capacity),
        inputs=table.inputs,
        quality=table.quality[0],
        impossible=frozenset(value.entity_id for value in values if not value.possible),
        issued_at=issued_at,
        as_of=as_of,
        is_stale=asked_at - as_of > stale_after,
        is_silent=asked_at - as_of > timedelta(hours=SILENT_H),
    )


def _fresh(values: Sequence[measured.Value], state: ParkingState, issued_at: datetime) -> list[measured.Value]:
    """The counts that the state has not seen."""
    for value in values:
        if value.available_at > issued_at:
            raise BadInput(
                cause=f"The count of {value.entity_id} at {value.time.isoformat()} is not known yet at "
                f"{issued_at.isoformat()}",
                mend="Leave out counts that become available after issued_at, or issue later",
            )
    if issued_at - state.as_of > _LONGEST_SILENCE:
        raise BadInput(
            cause=f"{issued_at.isoformat()} is over {_LONGEST_SILENCE.days} days after the model's last count",
            mend="Train the model again on newer counts",
        )
    return [value for value in values if value.available_at > state.as_of]


def _at(
    state: ParkingState,
    fresh: Sequence[measured.Value],
    covariates: Covariates | None,
    memory: Memory,
    issued_at: datetime,
) -> ParkingState:
    """The state with everything in it that was known by ``issued_at``."""
    config = memory.config
    fresh = [value for value in fresh if value.available_at - value.time < _HISTORY]
    if fresh:
        step = timedelta(minutes=config.step_min)
        state = _silently(state, config, min(value.time for value in fresh) - step)
        raw = Raw(measured=measured.panel(fresh, memory.quantity, config))
        state = advance(state, raw, config, max(state.as_of, measured.known_by(fresh, state, config)))
    state = _silently(state, config, issued_at)
    if covariates is None:
        return state
    # All at the end: nothing is seen of them before, and whatever is sent, no more is kept than there is room for.
    return advance(state, Raw(measured=replace(_nothing(state, config), covariates=covariates)), config, issued_at)


def _silently(state: ParkingState, config: ParkingConfig, until: datetime) -> ParkingState:
    """The state after a time in which nothing was counted; the same where that is over already."""
    while state.as_of < until:
        ahead = min(until, state.as_of + _PIECE)
        state = advance(state, Raw(measured=_nothing(state, config)), config, ahead)
    return state


def _nothing(state: ParkingState, config: ParkingConfig) -> Panel:
    """No count at all."""
    return Panel(
        start=state.as_of,
        step_min=config.step_min,
        entities=state.entities,
        values=np.empty((0, len(state.entities)), dtype=np.float32),
        quantity="free_spaces",
    )


def _with_the_last(table: Table, both: Table, count: int) -> Table:
    """``table``, and the last lots of ``both``."""
    return Table(
        inputs={name: np.concatenate([array, both.inputs[name][-count:]]) for name, array in table.inputs.items()},
        issued_at=table.issued_at,
        entities=both.entities,
        quality=np.concatenate([table.quality, both.quality[:, -count:]], axis=1),
    )
