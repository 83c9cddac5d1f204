"""From a fitted module to an ONNX graph that is shown to say the same."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from features.errors import HaechiError
from features.manifest import TensorSpec

_OPSET = 17
_RELATIVE, _ABSOLUTE = 1e-4, 1e-2


def export(model: torch.nn.Module, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], path: Path) -> None:
    """Write the graph of ``model`` with the names and axes of its manifest.

    Args:
        model: called with ``inputs`` by name, returns the one output.
        inputs: in the order of the module's arguments; named axes become dynamic.
        outputs: a single one.
        path: of the file to write.
    """
    example = tuple(_example(spec) for spec in inputs)
    axes = {
        spec.name: {at: axis for at, axis in enumerate(spec.shape) if isinstance(axis, str)}
        for spec in (*inputs, *outputs)
    }
    with warnings.catch_warnings():
        # Both of torch's exporters warn. This one needs no other package, writes the same graph, and takes a tenth
        # of the time.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            example,
            str(path),
            input_names=[spec.name for spec in inputs],
            output_names=[spec.name for spec in outputs],
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )


class Graph:
    """An exported graph, run as serving runs it: onnxruntime on one thread."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
        """The graph's single output."""
        output: npt.NDArray[np.float32] = self._session.run(None, dict(inputs))[0]
        return output


def check_parity(
    model: torch.nn.Module, graph: Graph, cases: Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
) -> float:
    """The largest difference between module and graph over all cases.

    Args:
        model: the native model.
        graph: its export.
        cases: name of a kind of row (held out, with missing values, unseen) to inputs.

    Raises:
        HaechiError: they differ by more than 1e-4 of the value plus 0.01; names the kind of row. Nothing is exported.
    """
    worst = 0.0
    for name, inputs in cases.items():
        with torch.inference_mode():
            native = model(**{key: torch.from_numpy(value) for key, value in inputs.items()}).numpy()
        exported = graph(inputs)
        if not np.allclose(native, exported, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
            raise HaechiError(
                cause=f"Graph and model differ on rows '{name}' by {_distance(native, exported):.4g}",
                mend="Do not serve it; report this with the versions of torch and onnxruntime",
            )
        worst = max(worst, _distance(native, exported))
    return worst


def _distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.nanmax(np.abs(a - b), initial=0))


def _example(spec: TensorSpec) -> torch.Tensor:
    # Two rows: one would let the exporter take the axis for a constant.
    shape = [2 if isinstance(axis, str) else axis for axis in spec.shape]
    return torch.zeros(shape, dtype=torch.bool if spec.dtype == "bool" else torch.float32)
