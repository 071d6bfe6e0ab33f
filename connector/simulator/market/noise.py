"""Seeded numbers that need no memory: the same question always has the same answer."""

from hashlib import blake2b

_MASK = (1 << 64) - 1


def seed_of(*parts: str | int) -> int:
    """Make a 64-bit seed of names and numbers, the same on every machine."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest())


def hashed(seed: int, position: int) -> int:
    """Give the 64-bit number at a position of a seeded sequence (splitmix64)."""
    z = (seed + position * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def wandering(seed: int, at_ms: int, knot_ms: int, amplitude: int) -> int:
    """Give an integer in [-amplitude, amplitude] that moves evenly from one knot to the next."""
    knot, into = divmod(at_ms, knot_ms)
    span = 2 * amplitude + 1
    here = hashed(seed, knot) % span
    there = hashed(seed, knot + 1) % span
    return here + (there - here) * into // knot_ms - amplitude
