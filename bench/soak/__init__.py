"""Hours of trading under faults, in minutes: does anything grow? `make soak MINUTES=30`."""
