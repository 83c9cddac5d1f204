"""``haechi.v1.TrafficService``: measurements or none in, labelled forecasts out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc
import numpy as np

from features.artifact import STATE
from features.covariates import Covariates
from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.settings import Settings
from features.traffic import schema
from features.traffic import state as traffic_state
from features.traffic.advance import Raw, advance
from features.traffic.build import build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from serving import outside
from serving.call import Call
from serving.memories import MEND, Memories, refuse_other_features
from serving.proto import haechi_v1_pb2 as v1
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.served import Served
from serving.traffic import measured
from serving.traffic.answers import ask
from serving.traffic.encode import Answer, encode
from serving.values import instant

DOMAIN = "traffic"

_IMPLAUSIBLE_TIMES = 100
# A state that has seen nothing for longer says little of today.
_LONGEST_SILENCE = timedelta(days=2 * 366)


def register(server: grpc.Server, runtime: Runtime, settings: Settings, wrap: Wrap) -> tuple[str, ...]:
    """Let ``server`` answer ``TrafficService`` from the traffic models of ``runtime``.

    Returns:
        The service's full name.

    Raises:
        ArtifactMismatch: a loaded traffic model has no state, or graph and state are not of its config. One that is
            loaded later is refused likewise.
    """
    calls = _Calls(runtime, timedelta(minutes=settings.stale_after_min), now=lambda: datetime.now(UTC))
    methods = {"Latest": Method(answer=calls.latest, scope="infer")}
    return (add_service(server, v1.DESCRIPTOR.services_by_name["TrafficService"], methods, wrap),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Memory:
    """What one version needs beside its graph."""

    config: TrafficConfig
    state: TrafficState


class _Calls:
    def __init__(self, runtime: Runtime, stale_after: timedelta, *, now: Callable[[], datetime]) -> None:
        self._runtime = runtime
        self._stale_after = stale_after
        self._now = now
        self._memories = Memories(runtime, DOMAIN, _read)

    def latest(self, request: v1.LatestRequest, call: Call) -> v1.ForecastReply:
        served, memory = self._memories.find(request.model, request.version, call)
        columns = _columns(request.entity_ids, memory.state.entities)
        steps, step_min = _steps(request, served.label, memory.config), memory.config.step_min
        values = measured.read(request.measurements, memory.state.entities, step_min, memory.state.as_of)
        _refuse_implausible(values, memory.state, served.manifest.unit)
        issued_at = measured.known_by(values, step_min, memory.state.as_of)
        if request.HasField("issued_at"):
            issued_at = instant(request, "issued_at", "request")
        sent = outside.read(request.covariates, memory.config.covariates, step_min, memory.state.as_of)
        covariates = outside.known(sent, memory.config.covariates, issued_at)
        state = _at(issued_at, memory, values, served.manifest.quantity, covariates)
        table = build(None, state, memory.config, [issued_at])
        quantiles, fallback = ask(self._runtime, served, table, columns, call)
        as_of = min(measured.seen_until(values, step_min, memory.state.as_of), issued_at)
        # Whoever names the time, by issue or by news, asks about that time; else it is about now.
        news = any(value.available_at > memory.state.as_of for value in values)
        asked_at = issued_at if news or request.HasField("issued_at") else self._now()
        return encode(
            served.manifest,
            Answer(
                columns=columns,
                state=state,
                config=memory.config,
                quality=table.quality[0],
                fallback=fallback,
                quantiles=quantiles[:, :steps],
                issued_at=issued_at,
                as_of=as_of,
                stale=asked_at - as_of > self._stale_after,
            ),
        )


def _read(served: Served) -> _Memory:
    manifest = served.manifest
    config = TrafficConfig.from_json(dict(manifest.config))
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
    return _Memory(config=config, state=traffic_state.load(served.folder / STATE, config))


def _refuse_implausible(values: Sequence[measured.Value], state: TrafficState, unit: str) -> None:
    """A value far beyond anything that the city's profile holds is a mistake of unit or of a sensor."""
    levels = state.level[~np.isnan(state.level)]
    largest = _IMPLAUSIBLE_TIMES * float(levels.max(initial=1.0))
    for row, value in enumerate(values):
        if value.value > largest:
            raise BadInput(
                cause=f"measurements[{row}]: {value.value:g} {unit} at {value.entity_id} is over {_IMPLAUSIBLE_TIMES} "
                f"times the highest level that the model knows",
                mend=f"Send {unit}, and leave out what a broken sensor says",
            )


def _steps(request: v1.LatestRequest, label: str, config: TrafficConfig) -> int:
    """How many steps are asked for, which the model must reach."""
    if not request.HasField("horizon_steps"):
        return config.horizon_steps
    if not 1 <= request.horizon_steps <= config.horizon_steps:
        raise BadInput(
            cause=f"horizon_steps={request.horizon_steps} is not within the {config.horizon_steps} steps of {label}",
            mend=f"Ask for 1 to {config.horizon_steps}, or train with --set horizon_steps={request.horizon_steps}",
        )
    return request.horizon_steps


def _columns(entity_ids: Sequence[str], entities: tuple[str, ...]) -> list[int]:
    """Where the entities that were asked for stand, each once; all where none is named."""
    if not entity_ids:
        return list(range(len(entities)))
    column = {name: at for at, name in enumerate(entities)}
    for name in entity_ids:
        if name not in column:
            raise UnknownName.among("entity", name, list(entities))
    return [column[name] for name in dict.fromkeys(entity_ids)]


def _at(
    issued_at: datetime,
    memory: _Memory,
    values: Sequence[measured.Value],
    quantity: str,
    covariates: Covariates | None,
) -> TrafficState:
    """The state with everything in it that was known by ``issued_at``; the model's own stays as it is."""
    for value in values:
        if value.available_at > issued_at:
            raise BadInput(
                cause=f"{value.entity_id} at {value.time.isoformat()} is not known yet at {issued_at.isoformat()}",
                mend="Leave out measurements that become available after issued_at, or issue later",
            )
    if issued_at - memory.state.as_of > _LONGEST_SILENCE:
        raise BadInput(
            cause=f"{issued_at.isoformat()} is over {_LONGEST_SILENCE.days} days after the model's last measurement",
            mend="Train the model again on newer measurements",
        )
    # The model has seen the others already.
    fresh = [value for value in values if value.available_at > memory.state.as_of]
    if not fresh and covariates is None:
        return memory.state
    raw = Raw(measured=measured.panel(fresh, quantity, memory.config.step_min, memory.state.as_of, covariates))
    return advance(memory.state, raw, memory.config, issued_at)
