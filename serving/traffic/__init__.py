"""Traffic forecasts over gRPC."""
