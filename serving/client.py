"""Ask a server from Python: ``Client(address)`` takes and returns arrays, and raises what the server raised.

For example::

    with Client("127.0.0.1:8500") as client:
        for one in client.traffic_latest("traffic", entity_ids=["A-01/in"]).predictions:
            print(one.target_time, one.q10, one.q50, one.q90, one.quality)

A server that asks who calls is shown a token, over TLS::

    Client("haechi.city.example:8500", token="haechi_...", tls=Tls(ca=Path("city-ca.pem")))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from features.errors import BadInput, HaechiError
from features.settings import Settings
from serving import rpc, status
from serving.address import host_of, is_loopback
from serving.outputs import REASONS, Outputs, read
from serving.proto import haechi_v1_pb2 as v1
from serving.proto import open_inference_grpc_pb2 as oip
from serving.tensors import Array, decode, encode
from serving.traffic import replies
from serving.traffic.replies import Covariate, Forecast, Measurement

# In place of a file of authorities.
_PUBLIC = "public"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server is known, and what it is shown.

    Attributes:
        ca: the authority (PEM) that signed its certificate; None: any of the public ones.
        cert: this client's own certificate (PEM), for servers that want one; None: none.
        key: its private key (PEM).
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class Client:
    """One connection to one server; a context manager, safe to use from many threads.

    Every call raises the error that the server raised, with its cause and mend (``BadInput``, ``UnknownName``, ...),
    and ``HaechiError`` where no server answers or not in time.

    Args:
        address: ``host:port``.
        timeout_s: that one call may take.
        token: shows the server who asks; None: nothing does, or the certificate in ``tls``.
        tls: None: unencrypted.

    Raises:
        BadInput: the token would travel unencrypted to another machine, or a file of ``tls`` cannot be read.
    """

    def __init__(
        self, address: str, *, timeout_s: float = 10, token: str | None = None, tls: Tls | None = None
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._metadata = () if token is None else (("authorization", f"Bearer {_sendable(token, address, tls)}"),)
        # The server limits what it takes. A proxy set for the web is not on the way to a machine of the city.
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=options)
        else:
            self._channel = grpc.secure_channel(address, _credentials(tls), options=options)
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

    def infer(self, model: str, inputs: Mapping[str, Array], version: str = "") -> Outputs:
        """Run ``model`` on finished features.

        Args:
            model: its name.
            inputs: an array for each of the model's inputs.
            version: empty: the one that the server prefers.

        Returns:
            An array for each output; read-only, a view on the reply. ``fallback`` of it names the rows that the
            model did not answer itself, with the reason.
        """
        request = oip.ModelInferRequest(model_name=model, model_version=version)
        for name, array in inputs.items():
            datatype, raw = encode(array)
            request.inputs.add(name=name, datatype=datatype, shape=array.shape)
            request.raw_input_contents.append(raw)
        reply = self.call(_INFERENCE, "ModelInfer", request)
        return Outputs(decode(reply.outputs, reply.raw_output_contents), read(reply.parameters[REASONS].string_param))

    def traffic_latest(
        self,
        model: str,
        *,
        entity_ids: Sequence[str] = (),
        measurements: Sequence[Measurement] = (),
        issued_at: datetime | None = None,
        horizon_steps: int | None = None,
        covariates: Sequence[Covariate] = (),
        version: str = "",
    ) -> Forecast:
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
        return replies.forecast(self.call(_TRAFFIC, "Latest", request))

    def call(self, service: ServiceDescriptor, method: str, request: Any) -> Any:
        """Call any method of a service that is described in ``serving.proto``; returns its reply message."""
        try:
            return self._ask(service.methods_by_name[method])(request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            if not isinstance(error, grpc.Call):
                raise
            raise status.read(error, self.address) from None

    def _ask(self, method: MethodDescriptor) -> rpc.Ask:
        if method.full_name not in self._asks:
            self._asks[method.full_name] = rpc.ask(self._channel, method)
        return self._asks[method.full_name]


def connect(address: str, settings: Settings) -> Client:
    """A client that shows what the settings say: token, authority, certificate.

    Raises:
        BadInput: as ``Client``.
    """
    tls = None
    if any(one is not None for one in (settings.ca, settings.client_cert, settings.client_key)):
        ca = None if settings.ca is None or str(settings.ca) == _PUBLIC else settings.ca
        tls = Tls(ca=ca, cert=settings.client_cert, key=settings.client_key)
    return Client(address, token=settings.token.get_secret_value() if settings.token else None, tls=tls)


def _sendable(token: str, address: str, tls: Tls | None) -> str:
    if tls is None and not address.startswith("unix:") and not is_loopback(host_of(address)):
        raise BadInput(
            cause=f"The token would travel to {address} unencrypted, for everybody on the way to take",
            mend="Name the authority of the server's certificate: HAECHI_CA=FILE or `public`, or tls=Tls(...)",
        )
    token = token.strip()
    if not token or not all("!" <= letter <= "~" for letter in token):
        raise BadInput(cause="The token holds what no token holds", mend="Copy it again: letters, digits, . _ - alone")
    return token


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    if (tls.cert is None) != (tls.key is None):
        raise BadInput(
            cause="A client's certificate needs its key, and the key a certificate",
            mend="Set both HAECHI_CLIENT_CERT and HAECHI_CLIENT_KEY",
        )
    return grpc.ssl_channel_credentials(_pem(tls.ca), _pem(tls.key), _pem(tls.cert))


def _pem(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            cause=f"{path} cannot be read: {error.strerror}", mend="Name a PEM file that you may read"
        ) from None
    if b"-----BEGIN " not in content:
        raise BadInput(cause=f"{path} holds no PEM", mend="Convert it: openssl x509 -inform der -in FILE -out FILE.pem")
    return content


def _tensors(described: Sequence[oip.ModelMetadataResponse.TensorMetadata]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name=spec.name, dtype=spec.datatype, shape=tuple(spec.shape)) for spec in described)
