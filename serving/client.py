"""Ask a server from Python: ``Client(address)`` takes and returns arrays, and raises what the server raised.

For example::

    with Client("127.0.0.1:8500") as client:
        for one in client.traffic_latest("traffic", entity_ids=["A-01/in"]).predictions:
            print(one.target_time, one.q10, one.q50, one.q90, one.quality)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from features.errors import HaechiError
from serving import rpc, status
from serving.proto import haechi_v1_pb2 as v1
from serving.proto import open_inference_grpc_pb2 as oip
from serving.tensors import Array, decode, encode
from serving.traffic import replies
from serving.traffic.replies import Forecast, Measurement

_TRAFFIC = v1.DESCRIPTOR.services_by_name["TrafficService"]
_INFERENCE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One line of what a server serves; ``state`` is ``READY`` where it answers."""

    name: str
    version: str
    state: str


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


class Client:
    """One connection to one server; a context manager, safe to use from many threads.

    Every call raises the error that the server raised, with its cause and mend (``BadInput``, ``UnknownName``, ...),
    and ``HaechiError`` where no server answers or not in time.

    Args:
        address: ``host:port``.
        timeout_s: that one call may take.
    """

    def __init__(self, address: str, *, timeout_s: float = 10) -> None:
        self.address = address
        self._timeout_s = timeout_s
        # The server limits what it takes. A proxy set for the web is not on the way to a machine of the city.
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        self._channel = grpc.insecure_channel(address, options=options)
        self._asks: dict[str, rpc.Ask] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._channel.close()

    def ready(self) -> bool:
        """Whether a server is there and has a model to answer with."""
        try:
            reply = self.call(_INFERENCE, "ServerReady", oip.ServerReadyRequest())
        except HaechiError as error:
            if isinstance(error.__context__, grpc.Call) and error.__context__.code() is grpc.StatusCode.UNAVAILABLE:
                return False
            raise
        return bool(reply.ready)

    def models(self) -> tuple[ServedModel, ...]:
        """Everything that is served, by name and version."""
        reply = self.call(_INFERENCE, "RepositoryIndex", oip.RepositoryIndexRequest())
        return tuple(ServedModel(name=m.name, version=m.version, state=m.state) for m in reply.models)

    def load(self, model: str) -> None:
        """Have the server serve the champion of ``model`` as it lies in its folder now; needs the scope ``admin``."""
        self.call(_INFERENCE, "RepositoryModelLoad", oip.RepositoryModelLoadRequest(model_name=model))

    def unload(self, model: str) -> None:
        """Have the server serve ``model`` no more until it is loaded again; needs the scope ``admin``."""
        self.call(_INFERENCE, "RepositoryModelUnload", oip.RepositoryModelUnloadRequest(model_name=model))

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        """What ``model`` takes and gives; ``version`` empty: the one that the server prefers."""
        reply = self.call(_INFERENCE, "ModelMetadata", oip.ModelMetadataRequest(name=model, version=version))
        return ModelMetadata(
            name=reply.name,
            versions=tuple(reply.versions),
            platform=reply.platform,
            inputs=_tensors(reply.inputs),
            outputs=_tensors(reply.outputs),
        )

    def infer(self, model: str, inputs: Mapping[str, Array], version: str = "") -> dict[str, Array]:
        """Run ``model`` on finished features.

        Args:
            model: its name.
            inputs: an array for each of the model's inputs.
            version: empty: the one that the server prefers.

        Returns:
            An array for each output; read-only, a view on the reply.
        """
        request = oip.ModelInferRequest(model_name=model, model_version=version)
        for name, array in inputs.items():
            datatype, raw = encode(array)
            request.inputs.add(name=name, datatype=datatype, shape=array.shape)
            request.raw_input_contents.append(raw)
        reply = self.call(_INFERENCE, "ModelInfer", request)
        return decode(reply.outputs, reply.raw_output_contents)

    def traffic_latest(
        self,
        model: str,
        *,
        entity_ids: Sequence[str] = (),
        measurements: Sequence[Measurement] = (),
        issued_at: datetime | None = None,
        horizon_steps: int | None = None,
        version: str = "",
    ) -> Forecast:
        """The newest traffic forecast, labelled.

        Args:
            model: a traffic model.
            entity_ids: empty: all of the model's.
            measurements: what was measured since the model's own; empty: the forecast rests on those it has.
            issued_at: aware, on the model's clock; None: as soon as every measurement is known.
            horizon_steps: how many steps ahead; None: all that the model has.
            version: empty: the one that the server prefers.
        """
        request = replies.request(model, version, entity_ids, measurements, issued_at, horizon_steps)
        return replies.forecast(self.call(_TRAFFIC, "Latest", request))

    def call(self, service: ServiceDescriptor, method: str, request: Any) -> Any:
        """Call any method of a service that is described in ``serving.proto``; returns its reply message."""
        try:
            return self._ask(service.methods_by_name[method])(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            if not isinstance(error, grpc.Call):
                raise
            raise status.read(error, self.address) from None

    def _ask(self, method: MethodDescriptor) -> rpc.Ask:
        if method.full_name not in self._asks:
            self._asks[method.full_name] = rpc.ask(self._channel, method)
        return self._asks[method.full_name]


def _tensors(described: Sequence[oip.ModelMetadataResponse.TensorMetadata]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name=spec.name, dtype=spec.datatype, shape=tuple(spec.shape)) for spec in described)
