"""The market itself, whatever protocol speaks of it: instruments, walks, candles, funding, time."""
