"""Free spaces of car parks over gRPC."""
