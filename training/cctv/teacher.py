"""The larger detector that says what is in real clips."""

import hashlib
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from features.cctv.detectors.yolox import Yolox, check_graph
from features.errors import BadInput

_NO_GRAPH = (onnx_errors.Fail, onnx_errors.InvalidGraph, onnx_errors.InvalidProtobuf, onnx_errors.NoSuchFile)


def teacher_of(weights: Path) -> Yolox:
    """A YOLOX of any size that tells of all that it deems possible.

    Args:
        weights: its ONNX file.

    Raises:
        BadInput: it is no such graph.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except _NO_GRAPH as error:
        raise BadInput(
            cause=f"{weights} is no ONNX graph that can be read: {str(error).splitlines()[0]}",
            mend="Give --weights a YOLOX file: 'haechi weights get yolox-nano' fetches one",
        ) from None
    side_px = check_graph(session.get_inputs(), session.get_outputs())
    name, sha256 = session.get_inputs()[0].name, hashlib.sha256(weights.read_bytes()).hexdigest()
    return Yolox(lambda pictures: session.run(None, {name: pictures})[0], sha256, weights.stem, side_px=side_px)
