"""One file for each family of detectors: its graph's inputs and outputs on one side, our detections on the other."""
