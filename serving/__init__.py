"""Serves exported models over gRPC from onnxruntime, with no training stack in the process."""
