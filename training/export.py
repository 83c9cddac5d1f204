"""From a fitted module to an ONNX graph that is shown to say the same."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch

from features.errors import HaechiError
from features.manifest import TensorSpec

OPSET = 17
"""Of every graph: the newest that the oldest runtime we name reads."""

TREE_OPSET = 15
"""Of the trees alone, whose converter goes no further; their nodes mean the same in the whole graph."""

_RELATIVE, _ABSOLUTE = 1e-4, 1e-2
_TYPES = {"bool": torch.bool, "float32": torch.float32, "int64": torch.int64}


def write_graph(model: torch.nn.Module, inputs: Sequence[TensorSpec], outputs: Sequence[str], path: Path) -> None:
    """Write the graph of ``model``; every axis of an input that has a name, and the first of each output, is dynamic.

    Args:
        model: called with ``inputs`` in order.
        inputs: in the order of the module's arguments.
        outputs: names of what it returns.
        path: of the file to write.
    """
    axes: dict[str, dict[int, str]] = {
        spec.name: {at: axis for at, axis in enumerate(spec.shape) if isinstance(axis, str)} for spec in inputs
    }
    axes |= {name: {0: "entity"} for name in outputs}
    with warnings.catch_warnings():
        # Both of torch's exporters warn. This one needs no other package, writes the same graph, and takes a tenth
        # of the time.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            # The exporter puts every part back into the mode of the whole: dropout would be on again in a model in use.
            model.eval(),
            tuple(_example(spec) for spec in inputs),
            str(path),
            input_names=[spec.name for spec in inputs],
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def declare_unused(path: Path, inputs: Sequence[TensorSpec]) -> None:
    """Declare every input in the manifest's order, those too that this model looks away from.

    The exporter drops them, and one model could not stand in for another without a caller's notice.
    """
    model = onnx.load(path)
    kinds = {"bool": onnx.TensorProto.BOOL, "float32": onnx.TensorProto.FLOAT, "int64": onnx.TensorProto.INT64}
    del model.graph.input[:]
    model.graph.input.extend(
        onnx.helper.make_tensor_value_info(spec.name, kinds[spec.dtype], list(spec.shape)) for spec in inputs
    )
    onnx.save(model, path)


Native = Callable[[Mapping[str, npt.NDArray[np.generic]]], npt.NDArray[np.float32]]
"""Arrays by name to a forecast."""


class Graph:
    """An exported graph, run as serving runs it: onnxruntime on one thread."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
        """The graph's first output."""
        return self.outputs(inputs)[0]

    def outputs(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> list[npt.NDArray[np.float32]]:
        """All of the graph's outputs, from what it takes of ``inputs``."""
        taken = {one.name: inputs[one.name] for one in self._session.get_inputs()}
        found: list[npt.NDArray[np.float32]] = self._session.run(None, taken)
        return found


def check_parity(native: Native, graph: Native, cases: Mapping[str, Mapping[str, npt.NDArray[np.generic]]]) -> float:
    """The largest difference between the native model and the graph over all cases.

    Args:
        native: the native model, arrays by name to its output.
        graph: its export.
        cases: name of a kind of row (held out, with missing values, unseen) to inputs.

    Raises:
        HaechiError: they differ by more than 1e-4 of the value plus 0.01; names the kind of row. Nothing is exported.
    """
    worst = 0.0
    for name, inputs in cases.items():
        expected, exported = native(inputs), graph(inputs)
        if not np.allclose(expected, exported, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
            raise HaechiError(
                cause=f"Graph and model differ on rows '{name}' by {_distance(expected, exported):.4g}",
                mend="Do not serve it; report this with the versions of torch and onnxruntime",
            )
        worst = max(worst, _distance(expected, exported))
    return worst


def _distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.nanmax(np.abs(a - b), initial=0))


def _example(spec: TensorSpec) -> torch.Tensor:
    # Two rows: one would let the exporter take the axis for a constant.
    shape = [2 if isinstance(axis, str) else axis for axis in spec.shape]
    return torch.zeros(shape, dtype=_TYPES[spec.dtype])
