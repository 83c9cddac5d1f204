"""Hazards: official criteria as data, and what a model sees of the air, the river and the weather."""
