"""The command line's gRPC client: it has only the proto, as any engine has."""
