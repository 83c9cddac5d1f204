"""``haechi.v1.DisasterService``: readings or none in, labelled risks and their reasons out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import isnan

import grpc

from features.artifact import STATE
from features.disaster import schema
from features.disaster import state as disaster_state
from features.disaster.build import target_times
from features.disaster.config import QUANTILES, DisasterConfig
from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.settings import Settings
from serving.call import Call
from serving.disaster.answers import ask, quality
from serving.disaster.encode import encode, encode_reason
from serving.disaster.moment import Memory, Moment, moment
from serving.disaster.reasons import Asked, reasons
from serving.disaster.wording import METHOD
from serving.memories import MEND, Memories, refuse_other_features
from serving.proto import haechi_v1_pb2 as v1
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.served import Served

DOMAIN = "disaster"
_MOST_REASONS = 5


def register(server: grpc.Server, runtime: Runtime, settings: Settings, wrap: Wrap) -> tuple[str, ...]:
    """Let ``server`` answer ``DisasterService`` from the hazards' models of ``runtime``.

    Returns:
        The service's full name.

    Raises:
        ArtifactMismatch: a loaded model of a hazard has no state, or graph and state are not of its config. One that
            is loaded later is refused likewise.
    """
    calls = _Calls(runtime, timedelta(minutes=settings.stale_after_min), now=lambda: datetime.now(UTC))
    methods = {
        "Latest": Method(answer=calls.latest, scope="infer"),
        "Why": Method(answer=calls.why, scope="infer"),
    }
    return (add_service(server, v1.DESCRIPTOR.services_by_name["DisasterService"], methods, wrap),)


class _Calls:
    def __init__(self, runtime: Runtime, stale_after: timedelta, *, now: Callable[[], datetime]) -> None:
        self._runtime = runtime
        self._stale_after = stale_after
        self._now = now
        self._memories = Memories(runtime, DOMAIN, _read)

    def latest(self, request: v1.RiskRequest, call: Call) -> v1.RiskReply:
        served, memory = self._memories.find(request.model, request.version, call)
        columns = _columns(request.entity_ids, memory.state.places)
        at = self._moment(request, memory)
        return encode(served.manifest, memory.config, at, ask(self._runtime, served, at.table, columns, call), columns)

    def why(self, request: v1.WhyRequest, call: Call) -> v1.WhyReply:
        served, memory = self._memories.find(request.model, request.version, call)
        (place,) = _columns([request.entity_id], memory.state.places)
        config, manifest = memory.config, served.manifest
        asked = _asked(request, place, config)
        at = self._moment(request, memory)
        answer = ask(self._runtime, served, at.table, [place], call)
        probability = float(answer.outputs["within"][0, asked.level, asked.horizon])
        is_known = not isnan(probability)
        # The fallback looks at no measurement but the latest.
        found = [] if answer.fallback or not is_known else reasons(self._runtime, served, config, at, asked, call)
        return v1.WhyReply(
            model=manifest.name,
            version=str(manifest.version),
            hazard=config.hazard.name,
            entity_id=request.entity_id,
            level=config.hazard.levels[asked.level].name,
            issued_at=at.issued_at,
            as_of=at.as_of,
            target_time=target_times(at.issued_at, config)[asked.horizon],
            simulated=manifest.simulated,
            timezone=manifest.timezone,
            probability=probability if is_known else None,
            quality=quality(at, answer, place),
            reasons=[encode_reason(one) for one in found],
            method=v1.Words(ko=METHOD.ko, en=METHOD.en),
        )

    def _moment(self, request: v1.RiskRequest | v1.WhyRequest, memory: Memory) -> Moment:
        return moment(request, memory, now=self._now(), stale_after=self._stale_after)


def _read(served: Served) -> Memory:
    manifest = served.manifest
    config = DisasterConfig.from_json(dict(manifest.config))
    if manifest.state_as_of is None:
        raise ArtifactMismatch(
            cause=f"{served.label}: manifest.json: 'state_as_of' is null: it has no state to forecast from", mend=MEND
        )
    if manifest.quantiles != QUANTILES:
        raise ArtifactMismatch(
            cause=f"{served.label}: manifest.json: 'quantiles' is {list(manifest.quantiles)}, a hazard's are "
            f"{list(QUANTILES)}",
            mend=MEND,
        )
    refuse_other_features(served, schema.inputs(config, manifest.unit), schema.outputs(config, manifest.unit))
    return Memory(config=config, state=disaster_state.load(served.folder / STATE, config))


def _columns(entity_ids: Sequence[str], places: tuple[str, ...]) -> list[int]:
    """Where the places that were asked for stand, each once; all where none is named."""
    if not entity_ids:
        return list(range(len(places)))
    column = {name: at for at, name in enumerate(places)}
    for name in entity_ids:
        if name not in column:
            raise UnknownName.among("place", name, list(places))
    return [column[name] for name in dict.fromkeys(entity_ids)]


def _asked(request: v1.WhyRequest, place: int, config: DisasterConfig) -> Asked:
    hazard = config.hazard
    names = [level.name for level in hazard.levels]
    if request.level and request.level not in names:
        raise UnknownName.among("level", request.level, names)
    horizon_h = request.horizon_h if request.HasField("horizon_h") else hazard.alarm_h
    if horizon_h not in hazard.horizons_h:
        raise BadInput(
            cause=f"horizon_h={horizon_h} is none of the horizons of {hazard.name}",
            mend=f"Ask for one of {', '.join(map(str, hazard.horizons_h))}",
        )
    most = request.most if request.HasField("most") else _MOST_REASONS
    if most < 1:
        raise BadInput(cause=f"most={most} is no number of reasons", mend="Ask for 1 or more")
    return Asked(
        place=place,
        level=names.index(request.level) if request.level else 0,
        horizon=hazard.horizons_h.index(horizon_h),
        most=most,
    )
