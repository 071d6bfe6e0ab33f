"""What an operator and his machines may ask over HTTP: metrics, alive, ready."""
