"""Disaster risk over gRPC."""
