"""One account's trading, whatever protocol speaks of it: orders, fills, positions, margin."""
