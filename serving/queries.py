"""What a client may ask, as values: which method with which message, and what becomes of the reply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from serving.disaster import replies as risks
from serving.disaster.replies import Reading, Risk, Why
from serving.outputs import REASONS, Outputs, read
from serving.outside import Covariate
from serving.proto import haechi_v1_pb2 as v1
from serving.proto import open_inference_grpc_pb2 as oip
from serving.tensors import Array, decode, encode
from serving.traffic import replies
from serving.traffic.replies import Forecast, Measurement

T = TypeVar("T")
_TRAFFIC = v1.DESCRIPTOR.services_by_name["TrafficService"]
_DISASTER = v1.DESCRIPTOR.services_by_name["DisasterService"]
_INFERENCE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One line of what a server serves; ``state`` is ``READY`` where it answers, else ``reason`` says why not."""

    name: str
    version: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output: ``dtype`` as the protocol writes it (``FP32``), -1 in ``shape`` for any length."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetadata:
    """What a model takes and gives."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Generic[T]):
    """One question.

    Attributes:
        method: that answers it.
        request: its message.
        read: makes the answer of the reply's message.
    """

    method: MethodDescriptor
    request: Any
    read: Callable[[Any], T]


def ready() -> Query[bool]:
    """Whether the server has a model to answer with."""
    return query(_INFERENCE, "ServerReady", oip.ServerReadyRequest(), lambda reply: bool(reply.ready))


def models() -> Query[tuple[ServedModel, ...]]:
    """Everything that is served, by name and version, and what is not though it should be, with the reason."""

    def answer(reply: oip.RepositoryIndexResponse) -> tuple[ServedModel, ...]:
        return tuple(ServedModel(name=m.name, version=m.version, state=m.state, reason=m.reason) for m in reply.models)

    return query(_INFERENCE, "RepositoryIndex", oip.RepositoryIndexRequest(), answer)


def load(model: str) -> Query[None]:
    """Serve the champion of ``model`` as it lies in the server's folder now; needs the scope ``admin``."""
    request = oip.RepositoryModelLoadRequest(model_name=model)
    return query(_INFERENCE, "RepositoryModelLoad", request, lambda _: None)


def unload(model: str) -> Query[None]:
    """Serve ``model`` no more until it is loaded again; needs the scope ``admin``."""
    request = oip.RepositoryModelUnloadRequest(model_name=model)
    return query(_INFERENCE, "RepositoryModelUnload", request, lambda _: None)


def metadata(model: str, version: str = "") -> Query[ModelMetadata]:
    """What ``model`` takes and gives; ``version`` empty: the one that the server prefers."""

    def answer(reply: oip.ModelMetadataResponse) -> ModelMetadata:
        return ModelMetadata(
            name=reply.name,
            versions=tuple(reply.versions),
            platform=reply.platform,
            inputs=_tensors(reply.inputs),
            outputs=_tensors(reply.outputs),
        )

    return query(_INFERENCE, "ModelMetadata", oip.ModelMetadataRequest(name=model, version=version), answer)


def infer(model: str, inputs: Mapping[str, Array], version: str = "") -> Query[Outputs]:
    """Run ``model`` on finished features.

    Args:
        model: its name.
        inputs: an array for each of the model's inputs.
        version: empty: the one that the server prefers.

    Returns:
        Of the answer: an array for each output; read-only, a view on the reply. ``fallback`` of it names the rows that
        the model did not answer itself, with the reason.
    """
    request = oip.ModelInferRequest(model_name=model, model_version=version)
    for name, array in inputs.items():
        datatype, raw = encode(array)
        request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        request.raw_input_contents.append(raw)

    def answer(reply: oip.ModelInferResponse) -> Outputs:
        return Outputs(decode(reply.outputs, reply.raw_output_contents), read(reply.parameters[REASONS].string_param))

    return query(_INFERENCE, "ModelInfer", request, answer)


def traffic_latest(
    model: str,
    *,
    entity_ids: Sequence[str] = (),
    measurements: Sequence[Measurement] = (),
    issued_at: datetime | None = None,
    horizon_steps: int | None = None,
    covariates: Sequence[Covariate] = (),
    version: str = "",
) -> Query[Forecast]:
    """The newest traffic forecast, labelled.

    Args:
        model: a traffic model.
        entity_ids: empty: all of the model's.
        measurements: what was measured since the model's own; empty: the forecast rests on those it has.
        issued_at: aware, on the model's clock; None: as soon as every measurement is known.
        horizon_steps: how many steps ahead; None: all that the model has.
        covariates: such as weather and its forecast, for a model that was trained with them.
        version: empty: the one that the server prefers.
    """
    request = replies.request(model, version, entity_ids, measurements, issued_at, horizon_steps, covariates)
    return query(_TRAFFIC, "Latest", request, replies.forecast)


def disaster_latest(
    model: str,
    *,
    entity_ids: Sequence[str] = (),
    readings: Sequence[Reading] = (),
    issued_at: datetime | None = None,
    version: str = "",
) -> Query[Risk]:
    """How likely each level of a hazard is met, where and when.

    Args:
        model: of a hazard.
        entity_ids: places; empty: all that the model judges.
        readings: what was measured since the model's own; empty: the answer rests on those it has.
        issued_at: aware, on the model's clock; None: as soon as every reading is known.
        version: empty: the one that the server prefers.
    """
    request = risks.request(model, version, entity_ids, readings, issued_at)
    return query(_DISASTER, "Latest", request, risks.risk)


def disaster_why(
    model: str,
    entity_id: str,
    *,
    readings: Sequence[Reading] = (),
    issued_at: datetime | None = None,
    level: str = "",
    horizon_h: int | None = None,
    most: int | None = None,
    version: str = "",
) -> Query[Why]:
    """The measurements that one probability rests on most.

    Args:
        model: of a hazard.
        entity_id: the place.
        readings: as of ``disaster_latest``.
        issued_at: likewise.
        level: of the hazard; empty: its first.
        horizon_h: hours ahead; None: as far as alarms look.
        most: reasons at most; None: 5.
        version: empty: the one that the server prefers.
    """
    request = risks.why_request(model, version, entity_id, readings, issued_at, level, horizon_h, most)
    return query(_DISASTER, "Why", request, risks.why)


def query(service: ServiceDescriptor, method: str, request: Any, read: Callable[[Any], T]) -> Query[T]:
    """Any method of a service that is described in ``serving.proto``; ``read`` gets the reply's message."""
    return Query(method=service.methods_by_name[method], request=request, read=read)


def _tensors(described: Sequence[oip.ModelMetadataResponse.TensorMetadata]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name=spec.name, dtype=spec.datatype, shape=tuple(spec.shape)) for spec in described)
