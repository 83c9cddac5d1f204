"""The models of one process: loaded from artifacts, asked with arrays, answered with arrays. It knows no wire."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from features.artifact import open_artifact
from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.manifest import Manifest, TensorSpec
from serving.graph import open_graph
from serving.tensors import DTYPES, Array, dtype_name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Served:
    """One loaded version: its artifact's folder and manifest, and the onnxruntime session of its graph."""

    folder: Path
    manifest: Manifest
    session: Any

    @property
    def label(self) -> str:
        """``NAME/VERSION``."""
        return f"{self.manifest.name}/{self.manifest.version}"


class Runtime:
    """Holds models and runs them; safe to use from many threads.

    Args:
        threads: that one call may use.
        trusted_key: Ed25519 public key (PEM); with it, only artifacts that it signed are loaded.
    """

    def __init__(self, *, threads: int = 1, trusted_key: str | None = None) -> None:
        self._threads = threads
        self._trusted_key = trusted_key
        self._lock = threading.Lock()
        # Replaced whole, never changed: a call that runs keeps the table it started with.
        self._models: dict[str, dict[int, Served]] = {}

    def load(self, folder: Path) -> Manifest:
        """Check an artifact and serve it; the version loaded last answers where the caller names none.

        Raises:
            ArtifactMismatch: it is not what it claims; what was served before still is.
            BadInput: there is no such folder.
        """
        manifest = open_artifact(folder, self._trusted_key)
        session = open_graph(folder, manifest, threads=self._threads)
        with self._lock:
            older = {v: served for v, served in self._models.get(manifest.name, {}).items() if v != manifest.version}
            versions = older | {manifest.version: Served(folder=folder, manifest=manifest, session=session)}
            self._models = self._models | {manifest.name: versions}
        return manifest

    def models(self) -> tuple[Served, ...]:
        """Everything that is loaded, by name and version."""
        return tuple(versions[v] for _, versions in sorted(self._models.items()) for v in sorted(versions))

    def get(self, model: str, version: int | None = None) -> Served:
        """The loaded model that answers.

        Args:
            model: its name.
            version: None picks the one loaded last.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        models = self._models
        if model not in models:
            raise UnknownName.among("model", model, list(models))
        versions = models[model]
        wanted = next(reversed(versions)) if version is None else version
        if wanted not in versions:
            raise UnknownName.among(f"version of {model}", str(wanted), [str(known) for known in sorted(versions)])
        return versions[wanted]

    def find(self, model: str, version: str) -> Served:
        """``get`` for a version as it is written on the wire; empty picks the one loaded last.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        newest = self.get(model)
        if not version:
            return newest
        for served in self.models():
            if served.manifest.name == model and str(served.manifest.version) == version:
                return served
        known = [str(served.manifest.version) for served in self.models() if served.manifest.name == model]
        raise UnknownName.among(f"version of {model}", version, known)

    def run(self, model: str, inputs: Mapping[str, Array], version: int | None = None) -> dict[str, Array]:
        """Answer one call.

        Args:
            model: its name.
            inputs: an array for each input of the manifest, of its dtype and shape.
            version: None picks the one loaded last.

        Returns:
            An array for each output of the manifest.

        Raises:
            UnknownName: no such model or version is loaded.
            BadInput: an input is missing, unknown, or of another dtype or shape; names it, with expected and got.
            ArtifactMismatch: the graph's answer is not of the shape that its manifest promises.
        """
        return infer(self.get(model, version), inputs)


def infer(served: Served, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """``Runtime.run`` on a model already at hand, so that one call never meets two versions."""
    return compute(served, inputs, check(served, inputs))


def check(served: Served, inputs: Mapping[str, Array]) -> dict[str, int]:
    """Hold ``inputs`` against the manifest.

    Returns:
        The length that each named axis has in this call.

    Raises:
        BadInput: as ``Runtime.run``.
    """
    return _check_inputs(served.label, served.manifest.inputs, inputs)


def compute(served: Served, inputs: Mapping[str, Array], axes: Mapping[str, int]) -> dict[str, Array]:
    """The outputs of inputs that were checked.

    Args:
        served: the model.
        inputs: of the names, dtypes and shapes that ``check`` passed.
        axes: what ``check`` returned of them.

    Raises:
        BadInput: an index in the values lies out of the graph's range.
        ArtifactMismatch: as ``Runtime.run``.
    """
    names = [spec.name for spec in served.manifest.outputs]
    try:
        arrays = served.session.run(names, dict(inputs))
    except onnx_errors.InvalidArgument:
        # Its own text names files of the machine that it was built on.
        raise BadInput(
            cause=f"The graph of {served.label} cannot take these values: an index in them lies out of range",
            mend="Build the inputs with `features`, as in training",
        ) from None
    outputs = dict(zip(names, arrays, strict=True))
    for spec in served.manifest.outputs:
        wrong = _shape_error(spec, outputs[spec.name].shape, dict(axes))
        if wrong is not None:
            raise ArtifactMismatch(
                cause=f"{served.label} answered output '{spec.name}' {wrong}", mend="Export the model again"
            )
    return outputs


def _check_inputs(label: str, specs: Sequence[TensorSpec], inputs: Mapping[str, Array]) -> dict[str, int]:
    """Hold ``inputs`` against the manifest; returns the length that each named axis has in this call."""
    wanted = {spec.name for spec in specs}
    for name in inputs:
        if name not in wanted:
            unknown = UnknownName.among(f"input of {label}", name, sorted(wanted))
            raise BadInput(cause=unknown.cause, mend=unknown.mend)
    axes: dict[str, int] = {}
    for spec in specs:
        array = inputs.get(spec.name)
        if array is None:
            raise BadInput(
                cause=f"Input '{spec.name}' of {label} is missing",
                mend=f"Send it: {spec.dtype} {_written(spec.shape)}, {spec.meaning} ({spec.unit})",
            )
        if dtype_name(array) != spec.dtype:
            got, wire = dtype_name(array), DTYPES[spec.dtype].wire
            cause = f"Input '{spec.name}' of {label}: expected dtype {spec.dtype} ({wire}), got {got}"
            raise BadInput(cause=cause, mend=f"Convert it to {spec.dtype}")
        wrong = _shape_error(spec, array.shape, axes)
        if 0 in array.shape:
            wrong = f"has no values: its shape is {_written(array.shape)}"
        if wrong is not None:
            raise BadInput(
                cause=f"Input '{spec.name}' of {label} {wrong}",
                mend="Send every axis as the model's metadata gives it; a named axis has one length in all inputs",
            )
    return axes


def _shape_error(spec: TensorSpec, shape: tuple[int, ...], axes: dict[str, int]) -> str | None:
    """How ``shape`` differs from the manifest, None where it fits; learns the named axes' lengths on the way."""
    expected = tuple(axes.get(axis, axis) if isinstance(axis, str) else axis for axis in spec.shape)
    fits = len(shape) == len(spec.shape) and all(
        axis == length if isinstance(axis, int) else axes.setdefault(axis, length) == length
        for axis, length in zip(spec.shape, shape, strict=True)
    )
    if fits:
        return None
    named = _written(spec.shape)
    meant = "" if _written(expected) == named else f" = {_written(expected)} here"
    return f"expected shape {named}{meant}, got {_written(shape)}"


def _written(shape: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, shape))}]"
