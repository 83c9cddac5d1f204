"""``haechi.v1.ParkingService``: counts or none in; free spaces, places to park and bays to lend out, labelled."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc

from features.artifact import STATE
from features.errors import ArtifactMismatch, BadInput
from features.parking import lots as parking_lots
from features.parking import schema
from features.parking import state as parking_state
from features.parking.config import ParkingConfig
from features.settings import Settings
from serving.call import Call
from serving.memories import MEND, Memories, refuse_other_features
from serving.parking.answers import ask, columns_of
from serving.parking.encode import encode
from serving.parking.moment import Asking, Memory, Moment, moment
from serving.parking.newcomers import Known
from serving.parking.recommend import recommended, trip
from serving.parking.share import refuse_unusable, shared
from serving.proto import haechi_v1_pb2 as v1
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.served import Served

DOMAIN = "parking"


def register(server: grpc.Server, runtime: Runtime, settings: Settings, wrap: Wrap) -> tuple[str, ...]:
    """Let ``server`` answer ``ParkingService`` from the parking models of ``runtime``.

    Returns:
        The service's full name.

    Raises:
        ArtifactMismatch: a loaded parking model has no state or lots, or graph and state are not of its config. One
            that is loaded later is refused likewise.
    """
    calls = _Calls(runtime, timedelta(minutes=settings.stale_after_min), now=lambda: datetime.now(UTC))
    methods = {
        "Latest": Method(answer=calls.latest, scope="infer"),
        "Recommend": Method(answer=calls.recommend, scope="infer"),
        "ShareWindows": Method(answer=calls.share, scope="infer"),
    }
    return (add_service(server, v1.DESCRIPTOR.services_by_name["ParkingService"], methods, wrap),)


class _Calls:
    def __init__(self, runtime: Runtime, stale_after: timedelta, *, now: Callable[[], datetime]) -> None:
        self._runtime = runtime
        self._stale_after = stale_after
        self._now = now
        self._memories = Memories(runtime, DOMAIN, _read)

    def latest(self, request: v1.ParkingRequest, call: Call) -> v1.ParkingReply:
        served, memory = self._memories.find(request.model, request.version, call)
        steps = _steps(request, served.label, memory.config)
        at = self._moment(request, memory)
        answer = ask(self._runtime, served, at, columns_of(request.entity_ids, at), call)
        return encode(served.manifest, at, answer, steps)

    def recommend(self, request: v1.RecommendRequest, call: Call) -> v1.RecommendReply:
        served, memory = self._memories.find(request.model, request.version, call)
        at = self._moment(request, memory)
        asked = trip(request, at)
        answer = ask(self._runtime, served, at, list(asked.candidates(at)), call)
        return recommended(served.manifest, at, asked, answer)

    def share(self, request: v1.ShareRequest, call: Call) -> v1.ShareReply:
        served, memory = self._memories.find(request.model, request.version, call)
        refuse_unusable(request)
        at = self._moment(request, memory)
        answer = ask(self._runtime, served, at, columns_of(request.entity_ids, at), call)
        return shared(served.manifest, at, request, answer)

    def _moment(self, request: Asking, memory: Memory) -> Moment:
        return moment(request, memory, now=self._now(), stale_after=self._stale_after)


def _read(served: Served) -> Memory:
    manifest = served.manifest
    config = ParkingConfig.from_json(dict(manifest.config))
    if manifest.state_as_of is None:
        raise ArtifactMismatch(
            cause=f"{served.label}: manifest.json: 'state_as_of' is null: it has no state to forecast from", mend=MEND
        )
    if manifest.quantiles != config.quantiles:
        raise ArtifactMismatch(
            cause=f"{served.label}: manifest.json: 'quantiles' is {list(manifest.quantiles)}, its config says "
            f"{list(config.quantiles)}",
            mend=MEND,
        )
    refuse_other_features(served, schema.inputs(config, manifest.unit), schema.outputs(config, manifest.unit))
    state = parking_state.load(served.folder / STATE, config)
    lots = parking_lots.load(served.folder / parking_lots.FILE).select(state.entities)
    # The state's capacities are those that the graph learned from: inferred where nobody stated a true one.
    known = Known(lots=replace(lots, capacity=state.capacity), state=state)
    return Memory(config=config, known=known, quantity=manifest.quantity)


def _steps(request: v1.ParkingRequest, label: str, config: ParkingConfig) -> int:
    """How many steps are asked for, which the model must reach."""
    if not request.HasField("horizon_steps"):
        return config.horizon_steps
    if not 1 <= request.horizon_steps <= config.horizon_steps:
        raise BadInput(
            cause=f"horizon_steps={request.horizon_steps} is not within the {config.horizon_steps} steps of {label}",
            mend=f"Ask for 1 to {config.horizon_steps}, or train with --set horizon_steps={request.horizon_steps}",
        )
    return request.horizon_steps
