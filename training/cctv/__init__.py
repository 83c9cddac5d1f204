"""Haechi's own small detector: rendered and filmed lessons, its network, fit, export and publication."""
