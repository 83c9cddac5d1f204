"""The Open Inference Protocol v2 over HTTP/JSON (``/v2/...``): another wire to the answers that gRPC gives."""
