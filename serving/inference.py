"""The Open Inference Protocol v2 on top of a runtime: any client of it asks any model for finished features."""

from contextlib import suppress
from importlib.metadata import version as installed_version

import grpc
from google.protobuf.message import DecodeError

from features.errors import BadInput, UnknownName
from features.manifest import TensorSpec
from serving.call import Call
from serving.proto import open_inference_grpc_pb2 as oip
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.status import Refusal
from serving.tensors import DTYPES
from serving.wire import Wire, varint

PLATFORM = "onnxruntime_onnx"


def register(server: grpc.Server, runtime: Runtime, wrap: Wrap) -> str:
    """Let ``server`` answer the protocol from ``runtime``; returns the service's full name."""
    calls, wire = _Calls(runtime), Wire(runtime)
    methods = {
        "ServerLive": Method(answer=calls.server_live, scope=""),
        "ServerReady": Method(answer=calls.server_ready, scope=""),
        "ServerMetadata": Method(answer=calls.server_metadata, scope="read"),
        "ModelReady": Method(answer=calls.model_ready, scope="read"),
        "ModelMetadata": Method(answer=calls.model_metadata, scope="read"),
        "ModelInfer": Method(answer=wire.infer, scope="infer", raw=True),
        "ModelStreamInfer": Method(
            answer=lambda request, call: streamed(wire.infer(request, call)),
            scope="infer",
            raw=True,
            refused=stream_refused,
        ),
        "RepositoryIndex": Method(answer=calls.repository_index, scope="read"),
    }
    return add_service(server, oip.DESCRIPTOR.services_by_name["GRPCInferenceService"], methods, wrap)


class _Calls:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def server_live(self, request: oip.ServerLiveRequest, call: Call) -> oip.ServerLiveResponse:
        return oip.ServerLiveResponse(live=True)

    def server_ready(self, request: oip.ServerReadyRequest, call: Call) -> oip.ServerReadyResponse:
        return oip.ServerReadyResponse(ready=bool(self._runtime.models()))

    def server_metadata(self, request: oip.ServerMetadataRequest, call: Call) -> oip.ServerMetadataResponse:
        return oip.ServerMetadataResponse(name="haechi", version=installed_version("haechi"))

    def model_ready(self, request: oip.ModelReadyRequest, call: Call) -> oip.ModelReadyResponse:
        try:
            self._runtime.find(request.name, request.version)
        except UnknownName:
            return oip.ModelReadyResponse(ready=False)
        return oip.ModelReadyResponse(ready=True)

    def model_metadata(self, request: oip.ModelMetadataRequest, call: Call) -> oip.ModelMetadataResponse:
        manifest = self._runtime.find(request.name, request.version).manifest
        versions = [str(s.manifest.version) for s in self._runtime.models() if s.manifest.name == manifest.name]
        return oip.ModelMetadataResponse(
            name=manifest.name,
            versions=versions,
            platform=PLATFORM,
            inputs=[_described(spec) for spec in manifest.inputs],
            outputs=[_described(spec) for spec in manifest.outputs],
        )

    def repository_index(self, request: oip.RepositoryIndexRequest, call: Call) -> oip.RepositoryIndexResponse:
        if request.repository_name:
            raise BadInput(cause="This server has one repository, without a name", mend="Leave repository_name empty")
        manifests = [served.manifest for served in self._runtime.models()]
        index = oip.RepositoryIndexResponse.ModelIndex
        return oip.RepositoryIndexResponse(
            models=[index(name=m.name, version=str(m.version), state="READY") for m in manifests]
        )


def streamed(reply: bytes) -> bytes:
    """A ``ModelStreamInferResponse`` around a serialised ``ModelInferResponse``, which is not parsed again."""
    return b"".join((b"\x12", varint(len(reply)), reply))


def stream_refused(request: bytes, told: Refusal) -> bytes:
    """A ``ModelStreamInferResponse`` that says why ``request`` is not answered, under the request's own id."""
    response = oip.ModelStreamInferResponse(error_message=told.text)
    with suppress(DecodeError):
        response.infer_response.id = oip.ModelInferRequest.FromString(request).id
    return response.SerializeToString()


def _described(spec: TensorSpec) -> oip.ModelMetadataResponse.TensorMetadata:
    shape = [-1 if isinstance(axis, str) else axis for axis in spec.shape]
    return oip.ModelMetadataResponse.TensorMetadata(name=spec.name, datatype=DTYPES[spec.dtype].wire, shape=shape)
