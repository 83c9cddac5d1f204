"""The simulated Seoul: one coherent city with known truth, deterministic by seed and time."""
