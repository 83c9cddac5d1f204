"""What is known at the moment that a request asks about: the state advanced by the request's own readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from features.disaster.advance import Raw, advance
from features.disaster.build import Table, build
from features.disaster.config import DisasterConfig
from features.disaster.state import DisasterState
from features.errors import BadInput
from serving.disaster import measured
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant

# Beyond it, readings and the model's state have nothing to do with each other.
_LONGEST_SILENCE = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What one version needs beside its graph."""

    config: DisasterConfig
    state: DisasterState


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """Where things stand at an issue time.

    Attributes:
        table: features of that one issue time.
        state: all that was known then.
        issued_at: the latest reading that counts is of then.
        as_of: until when readings were seen.
        is_stale: they are older than the operator allows.
    """

    table: Table
    state: DisasterState
    issued_at: datetime
    as_of: datetime
    is_stale: bool


def moment(request: v1.RiskRequest | v1.WhyRequest, memory: Memory, *, now: datetime, stale_after: timedelta) -> Moment:
    """The moment that ``request`` asks about; the model's own state stays as it is.

    Args:
        request: with readings, an issue time, or neither.
        memory: of the model that was asked.
        now: the time of the call.
        stale_after: from what age on readings are stale.

    Raises:
        BadInput: readings that cannot be, or are not known by the issue time; a time that is long over, or off the
            clock.
    """
    state, config = memory.state, memory.config
    values = measured.read(request.readings, state, config)
    issued_at = measured.known_by(values, state, config)
    if request.HasField("issued_at"):
        issued_at = instant(request, "issued_at", "request")
    fresh = _fresh(values, state, issued_at)
    if fresh:
        state = advance(state, Raw(measured=measured.measured(fresh, config)), config, issued_at)
    as_of = max([memory.state.as_of, *(value.time for value in fresh if value.time <= issued_at)])
    # Whoever names the time, by issue or by news, asks about that time; else it is about now.
    asked_at = issued_at if fresh or request.HasField("issued_at") else now
    return Moment(
        table=build(None, state, config, [issued_at]),
        state=state,
        issued_at=issued_at,
        as_of=as_of,
        is_stale=asked_at - as_of > stale_after,
    )


def _fresh(values: Sequence[measured.Value], state: DisasterState, issued_at: datetime) -> list[measured.Value]:
    """The readings that the state has not seen."""
    for value in values:
        if value.available_at > issued_at:
            raise BadInput(
                cause=f"{value.quantity} of {value.entity_id} at {value.time.isoformat()} is not known yet at "
                f"{issued_at.isoformat()}",
                mend="Leave out readings that become available after issued_at, or issue later",
            )
    if issued_at - state.as_of > _LONGEST_SILENCE:
        raise BadInput(
            cause=f"{issued_at.isoformat()} is over {_LONGEST_SILENCE.days} days after the model's last reading",
            mend="Train the model again on newer readings",
        )
    return [value for value in values if value.available_at > state.as_of]
