"""How well a camera's detections, tracks and incidents hold against the truth: pure functions of arrays."""
