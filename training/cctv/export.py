"""From a fitted network to the ONNX file that every detector of Haechi's own family is."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from features.cctv.kinds import KINDS
from features.errors import HaechiError
from training.cctv.network import Network
from training.export import OPSET, Graph

MOST_BYTES = 4 * 2**20
"""Of the file: it is part of the package."""

_BOX_PX, _SCORE = 0.05, 1e-3
"""By which graph and network may differ: sums in another order."""


def export(network: Network, path: Path, views: npt.NDArray[np.float32]) -> float:
    """Write the graph of a fitted network, and hold it against the network.

    Args:
        network: fitted.
        path: of the file to write.
        views: (view, 5, height, width), 0 to 255, some of them with blind backgrounds: what both are asked.

    Returns:
        The largest difference of a score.

    Raises:
        HaechiError: graph and network differ, or the file is too large for a package.
    """
    # In the order of memory that the exporter knows.
    network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's stub lacks it
    free = {"views": {0: "view", 2: "height", 3: "width"}}
    free |= {name: {0: "view", 1: "place"} for name in ("boxes", "scores")}
    with warnings.catch_warnings():
        # Both of torch's exporters warn.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(2, 5, 64, 96),),
            str(path),
            input_names=["views"],
            output_names=["boxes", "scores"],
            dynamic_axes=free,
            opset_version=OPSET,
            dynamo=False,
        )
    _name_lengths(path)
    if path.stat().st_size > MOST_BYTES:
        raise HaechiError(
            cause=f"The detector has {path.stat().st_size / 2**20:.1f} MiB, and may have {MOST_BYTES / 2**20:.0f}",
            mend="Train it with a smaller --set width=N",
        )
    return _parity(network, Graph(path), views)


def sha256_of(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name_lengths(path: Path) -> None:
    """Say how long the outputs' last axes are, which the exporter cannot tell."""
    model = onnx.load(path)
    for output, length in zip(model.graph.output, (4, len(KINDS)), strict=True):
        output.type.tensor_type.shape.dim[2].dim_value = length
    onnx.save(model, path)


def _parity(network: Network, graph: Graph, views: npt.NDArray[np.float32]) -> float:
    worst = 0.0
    # One and several at a time, and another size than the graph was written with.
    for part in (views, views[:1], views[:, :, 32:, 64:]):
        with torch.inference_mode():
            boxes, scores = (answer.numpy() for answer in network(torch.from_numpy(np.ascontiguousarray(part))))
        other_boxes, other_scores = graph.outputs({"views": part})
        apart = float(np.abs(scores - other_scores).max())
        # Where nothing is, a box may be anything.
        there = scores.max(axis=2) > _SCORE
        box_apart = float(np.abs(boxes - other_boxes)[there].max(initial=0))
        if apart > _SCORE or box_apart > _BOX_PX:
            raise HaechiError(
                cause=f"Graph and network differ by {apart:.4g} in a score and {box_apart:.4g} px in a box",
                mend="Do not use it; report this with the versions of torch and onnxruntime",
            )
        worst = max(worst, apart)
    return worst
