"""The wire: protobuf files and what is generated from them."""
