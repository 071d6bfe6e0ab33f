"""One account on one exchange, served to any number of gRPC clients as reactive streams."""
