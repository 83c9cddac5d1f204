"""Cameras of the simulated Seoul: what a camera on a pole sees of a road, and the truth of every box and incident."""
