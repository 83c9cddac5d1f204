"""The Open Inference Protocol v2 on top of a runtime: any client of it asks any model for finished features."""

from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version as installed_version

import grpc
from google.protobuf.message import DecodeError

from features.errors import BadInput, ModelNotLoaded, UnknownName
from features.manifest import TensorSpec
from serving.asked import find, hushed
from serving.call import Call
from serving.proto import open_inference_grpc_pb2 as oip
from serving.repository import Repository
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.status import Refusal
from serving.tensors import DTYPES
from serving.wire import Wire, varint

PLATFORM = "onnxruntime_onnx"
READY, UNAVAILABLE = "READY", "UNAVAILABLE"
"""States of a model in the repository's index, as Triton writes them."""


SERVICE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]
"""The protocol's own description."""


def register(server: grpc.Server, methods: Mapping[str, Method], wrap: Wrap) -> str:
    """Let ``server`` answer the protocol.

    Args:
        server: not yet started.
        methods: as ``answers`` gives them.
        wrap: stands before each method.

    Returns:
        The service's full name.
    """
    return add_service(server, SERVICE, methods, wrap)


def answers(runtime: Runtime, repository: Repository | None) -> dict[str, Method]:
    """The protocol's methods, by name, whatever wire they are asked over.

    Args:
        runtime: what answers.
        repository: what loads and unloads models; None: nobody may.
    """
    calls, wire = _Calls(runtime, repository), Wire(runtime)
    methods = {
        "ServerLive": Method(answer=calls.server_live, scope=""),
        "ServerReady": Method(answer=calls.server_ready, scope=""),
        "ServerMetadata": Method(answer=calls.server_metadata, scope="read"),
        "ModelReady": Method(answer=calls.model_ready, scope="read"),
        "ModelMetadata": Method(answer=calls.model_metadata, scope="read"),
        "ModelInfer": Method(answer=wire.infer, scope="infer", raw=True, brief=wire.brief, overload=wire.overload),
        "ModelStreamInfer": Method(
            answer=lambda request, call: streamed(wire.infer(request, call)),
            scope="infer",
            raw=True,
            brief=wire.brief,
            refused=stream_refused,
        ),
        "RepositoryIndex": Method(answer=calls.repository_index, scope="read"),
    }
    if repository is not None:
        methods["RepositoryModelLoad"] = Method(answer=calls.load, scope="admin")
        methods["RepositoryModelUnload"] = Method(answer=calls.unload, scope="admin")
    return methods


class _Calls:
    def __init__(self, runtime: Runtime, repository: Repository | None) -> None:
        self._runtime = runtime
        self._repository = repository

    def server_live(self, request: oip.ServerLiveRequest, call: Call) -> oip.ServerLiveResponse:
        return oip.ServerLiveResponse(live=True)

    def server_ready(self, request: oip.ServerReadyRequest, call: Call) -> oip.ServerReadyResponse:
        return oip.ServerReadyResponse(ready=bool(self._runtime.models()))

    def server_metadata(self, request: oip.ServerMetadataRequest, call: Call) -> oip.ServerMetadataResponse:
        return oip.ServerMetadataResponse(name="haechi", version=installed_version("haechi"))

    def model_ready(self, request: oip.ModelReadyRequest, call: Call) -> oip.ModelReadyResponse:
        try:
            find(self._runtime, request.name, request.version, call)
        except (UnknownName, ModelNotLoaded):
            return oip.ModelReadyResponse(ready=False)
        return oip.ModelReadyResponse(ready=True)

    def model_metadata(self, request: oip.ModelMetadataRequest, call: Call) -> oip.ModelMetadataResponse:
        manifest = find(self._runtime, request.name, request.version, call).manifest
        versions = [str(s.manifest.version) for s in self._runtime.models() if s.manifest.name == manifest.name]
        return oip.ModelMetadataResponse(
            name=manifest.name,
            versions=versions,
            platform=PLATFORM,
            inputs=[_described(spec) for spec in manifest.inputs],
            outputs=[_described(spec) for spec in manifest.outputs],
        )

    def repository_index(self, request: oip.RepositoryIndexRequest, call: Call) -> oip.RepositoryIndexResponse:
        _refuse_other_repository(request.repository_name)
        index = oip.RepositoryIndexResponse.ModelIndex
        manifests = [served.manifest for served in self._runtime.models()]
        models = [index(name=m.name, version=str(m.version), state=READY) for m in manifests]
        if self._repository is not None and not request.ready:
            for one in self._repository.refused:
                version = "" if one.version is None else str(one.version)
                models.append(index(name=one.name, version=version, state=UNAVAILABLE, reason=one.why))
            for name in self._repository.unloaded:
                models.append(index(name=name, state=UNAVAILABLE, reason="unloaded"))
        return oip.RepositoryIndexResponse(models=[one for one in models if call.may(one.name)])

    def load(self, request: oip.RepositoryModelLoadRequest, call: Call) -> oip.RepositoryModelLoadResponse:
        with hushed(call, request.model_name):
            self._of_repository(request).load(request.model_name)
        return oip.RepositoryModelLoadResponse()

    def unload(self, request: oip.RepositoryModelUnloadRequest, call: Call) -> oip.RepositoryModelUnloadResponse:
        with hushed(call, request.model_name):
            self._of_repository(request).unload(request.model_name)
        return oip.RepositoryModelUnloadResponse()

    def _of_repository(self, request: oip.RepositoryModelLoadRequest | oip.RepositoryModelUnloadRequest) -> Repository:
        _refuse_other_repository(request.repository_name)
        # Triton's clients may send a model along, or ask for the models that it depends on to go too.
        allowed = {"unload_dependents"}
        for name in request.parameters:
            if name not in allowed:
                raise BadInput(
                    cause=f"The parameter '{name[:100]}' is not understood: models come from this folder alone",
                    mend="Publish the model there, and name it",
                )
        if self._repository is None:
            raise BadInput(cause="The models of this server are fixed", mend="Start it with `haechi serve`")
        return self._repository


def _refuse_other_repository(name: str) -> None:
    if name:
        raise BadInput(cause="This server has one repository, without a name", mend="Leave repository_name empty")


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
