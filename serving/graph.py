"""An ONNX file becomes a session only if it stands alone and is the graph that its manifest describes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from google.protobuf.message import DecodeError, Message
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from features.errors import ArtifactMismatch
from features.manifest import Manifest, TensorSpec
from serving.proto import onnx_view_pb2
from serving.tensors import DTYPES

REFUSALS = (
    onnx_errors.Fail,
    onnx_errors.InvalidArgument,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NoSuchFile,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)
"""What onnxruntime raises where it cannot take a graph, or a graph its inputs."""

_MEND = "Export the model again; a graph is served only as its manifest describes it"


def open_graph(folder: Path, manifest: Manifest, file: str, *, threads: int) -> Any:
    """The onnxruntime session of one graph of an artifact whose checksums hold.

    Args:
        folder: the artifact.
        manifest: its own.
        file: the model, which takes every input, or the fallback, which may look away from some.
        threads: that one call may use.

    Raises:
        ArtifactMismatch: the file is no ONNX graph, reaches for other files, or differs from the manifest; names the
            field that differs.
    """
    session = open_session(folder / file, (folder / file).read_bytes(), threads=threads)
    inputs = manifest.inputs
    if file == manifest.fallback:
        taken = {node.name for node in session.get_inputs()}
        inputs = tuple(spec for spec in inputs if spec.name in taken)
    _compare("inputs", inputs, session.get_inputs(), folder)
    _compare("outputs", manifest.outputs, session.get_outputs(), folder)
    return session


def open_session(
    path: Path, graph: bytes, *, threads: int, mend: str = _MEND, config: Mapping[str, str] | None = None
) -> Any:
    """The onnxruntime session of an ONNX file that stands alone.

    Args:
        path: of the file, to name it.
        graph: its bytes.
        threads: that one run may use.
        mend: what to do where it cannot be taken.
        config: more entries of onnxruntime's session config.

    Raises:
        ArtifactMismatch: it is no ONNX graph, reaches for other files, or onnxruntime cannot take it.
    """
    _refuse_other_files(graph, path, mend)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its refusals reach the user as ours; fatal only.
    options.log_severity_level = 4
    # Else a file in onnxruntime's own format would be taken, which has never been looked into.
    for name, value in {"session.load_model_format": "ONNX", **(config or {})}.items():
        options.add_session_config_entry(name, value)
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except REFUSALS as error:
        cause = f"{path.parent}: {path.name} cannot be loaded: {str(error).splitlines()[0]}"
        raise ArtifactMismatch(cause=cause, mend=mend) from None


def _refuse_other_files(graph: bytes, path: Path, mend: str) -> None:
    """Refuse external tensors: onnxruntime would take them from the working folder, past every checksum."""
    try:
        model = onnx_view_pb2.Model.FromString(graph)
    except DecodeError:
        raise ArtifactMismatch(cause=f"{path.parent}: {path.name} is not an ONNX graph", mend=mend) from None
    for tensor in _tensors(model):
        if tensor.data_location or tensor.external_data:
            raise ArtifactMismatch(
                cause=f"{path.parent}: {path.name}: tensor '{tensor.name}' lies in another file",
                mend="Export the model with its weights inside (external_data=False)",
            )


def _tensors(message: Message) -> Iterator[onnx_view_pb2.Tensor]:
    if isinstance(message, onnx_view_pb2.Tensor):
        yield message
        return
    for _, value in message.ListFields():
        for part in [value] if isinstance(value, Message) else value:
            yield from _tensors(part)


def _compare(side: str, specs: Sequence[TensorSpec], actual: Sequence[Any], folder: Path) -> None:
    found = {node.name: node for node in actual}
    expected = {spec.name for spec in specs}
    for name in sorted(expected ^ found.keys()):
        where = "the manifest" if name in expected else "the graph"
        raise _differs(folder, side, name, f"only {where} has it")
    for spec in specs:
        node = found[spec.name]
        if node.type != DTYPES[spec.dtype].onnx:
            raise _differs(
                folder, side, spec.name, f"dtype is {spec.dtype} ({DTYPES[spec.dtype].onnx}), not {node.type}"
            )
        if not _fits(spec.shape, node.shape):
            raise _differs(folder, side, spec.name, f"shape is {list(spec.shape)}, not {node.shape}")


def _fits(spec: Sequence[int | str], actual: Sequence[int | str | None]) -> bool:
    """A length must be the graph's where the graph has one; a named axis must be free in the graph."""
    return len(spec) == len(actual) and all(
        wanted == axis or not isinstance(axis, int) for wanted, axis in zip(spec, actual, strict=True)
    )


def _differs(folder: Path, side: str, name: str, how: str) -> ArtifactMismatch:
    return ArtifactMismatch(cause=f"{folder}: manifest.json: '{side}.{name}' is not the graph's: {how}", mend=_MEND)
