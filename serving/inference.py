"""The Open Inference Protocol v2 on top of a runtime: any client of it asks any model for finished features."""

from importlib.metadata import version as installed_version

import grpc

from features.errors import BadInput, UnknownName
from features.manifest import TensorSpec
from serving.outputs import COUNT, REASONS, written
from serving.proto import open_inference_grpc_pb2 as oip
from serving.rpc import Answer, add_service
from serving.runtime import Runtime
from serving.served import Served, infer
from serving.tensors import DTYPES, decode, encode

PLATFORM = "onnxruntime_onnx"


def register(server: grpc.Server, runtime: Runtime) -> str:
    """Let ``server`` answer the protocol from ``runtime``; returns the service's full name."""
    calls = _Calls(runtime)
    answers: dict[str, Answer] = {
        "ServerLive": calls.server_live,
        "ServerReady": calls.server_ready,
        "ServerMetadata": calls.server_metadata,
        "ModelReady": calls.model_ready,
        "ModelMetadata": calls.model_metadata,
        "ModelInfer": calls.model_infer,
        "RepositoryIndex": calls.repository_index,
    }
    return add_service(server, oip.DESCRIPTOR.services_by_name["GRPCInferenceService"], answers)


class _Calls:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def server_live(self, request: oip.ServerLiveRequest, context: grpc.ServicerContext) -> oip.ServerLiveResponse:
        return oip.ServerLiveResponse(live=True)

    def server_ready(self, request: oip.ServerReadyRequest, context: grpc.ServicerContext) -> oip.ServerReadyResponse:
        return oip.ServerReadyResponse(ready=bool(self._runtime.models()))

    def server_metadata(
        self, request: oip.ServerMetadataRequest, context: grpc.ServicerContext
    ) -> oip.ServerMetadataResponse:
        return oip.ServerMetadataResponse(name="haechi", version=installed_version("haechi"))

    def model_ready(self, request: oip.ModelReadyRequest, context: grpc.ServicerContext) -> oip.ModelReadyResponse:
        try:
            self._runtime.find(request.name, request.version)
        except UnknownName:
            return oip.ModelReadyResponse(ready=False)
        return oip.ModelReadyResponse(ready=True)

    def model_metadata(
        self, request: oip.ModelMetadataRequest, context: grpc.ServicerContext
    ) -> oip.ModelMetadataResponse:
        manifest = self._runtime.find(request.name, request.version).manifest
        versions = [str(s.manifest.version) for s in self._runtime.models() if s.manifest.name == manifest.name]
        return oip.ModelMetadataResponse(
            name=manifest.name,
            versions=versions,
            platform=PLATFORM,
            inputs=[_described(spec) for spec in manifest.inputs],
            outputs=[_described(spec) for spec in manifest.outputs],
        )

    def model_infer(self, request: oip.ModelInferRequest, context: grpc.ServicerContext) -> oip.ModelInferResponse:
        served = self._runtime.find(request.model_name, request.model_version)
        wanted = _wanted_outputs(request, served)
        outputs = infer(served, decode(request.inputs, request.raw_input_contents))
        manifest = served.manifest
        reply = oip.ModelInferResponse(model_name=manifest.name, model_version=str(manifest.version), id=request.id)
        for name in wanted:
            datatype, raw = encode(outputs[name])
            reply.outputs.add(name=name, datatype=datatype, shape=outputs[name].shape)
            reply.raw_output_contents.append(raw)
        if outputs.fallback:
            reply.parameters[COUNT].CopyFrom(oip.InferParameter(int64_param=len(outputs.fallback)))
            reply.parameters[REASONS].CopyFrom(oip.InferParameter(string_param=written(outputs.fallback)))
        return reply

    def repository_index(
        self, request: oip.RepositoryIndexRequest, context: grpc.ServicerContext
    ) -> oip.RepositoryIndexResponse:
        if request.repository_name:
            raise BadInput(cause="This server has one repository, without a name", mend="Leave repository_name empty")
        manifests = [served.manifest for served in self._runtime.models()]
        index = oip.RepositoryIndexResponse.ModelIndex
        return oip.RepositoryIndexResponse(
            models=[index(name=m.name, version=str(m.version), state="READY") for m in manifests]
        )


def _wanted_outputs(request: oip.ModelInferRequest, served: Served) -> list[str]:
    """The outputs asked for, all where none is named."""
    known = [spec.name for spec in served.manifest.outputs]
    wanted = [output.name for output in request.outputs]
    for name in wanted:
        if name not in known:
            unknown = UnknownName.among(f"output of {served.label}", name, known)
            raise BadInput(cause=unknown.cause, mend=unknown.mend)
    if len(set(wanted)) < len(wanted):
        raise BadInput(cause="An output is asked for twice", mend="Name every output once, or none for all")
    return wanted or known


def _described(spec: TensorSpec) -> oip.ModelMetadataResponse.TensorMetadata:
    shape = [-1 if isinstance(axis, str) else axis for axis in spec.shape]
    return oip.ModelMetadataResponse.TensorMetadata(name=spec.name, datatype=DTYPES[spec.dtype].wire, shape=shape)
