"""Serves exported models over gRPC from onnxruntime, with no training stack in the process."""

import os

# onnxruntime reports home when it is imported; a city's safety room calls nobody unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
