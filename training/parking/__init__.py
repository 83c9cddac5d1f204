"""Trains and judges models of parking demand."""
