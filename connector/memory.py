"""What the process tells its allocators once everything that stays is there."""

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's mallopt (malloc.h)."""
MAPPED_BYTES, KEPT_BYTES = 8 << 20, 12 << 20
"""A request of 4 MB is taken in pieces and joined: both stay below, so that its pages are the same
ones each time. New from the system they cost 5 ms of the loop's CPU, of 6 in all."""

YOUNG, MIDDLE, OLD = 700, 2, 150
"""For collecting garbage. Python's own are 700, 10 and 10: the middle generation, of 7,000 objects,
then takes 1.5 ms, of 1,400 0.6; all that 1,000 calls hold some 30 ms, so this is done a third as
often. Nobody is served meanwhile."""


def settle_memory() -> None:
    """Let the collector pass over what stays for good, and free memory go back to the system.

    Collected are cycles alone, so ccxt, the markets and the code needn't be looked at again. glibc
    maps what is larger than a threshold by itself, and gives back what is free at its heap's end
    beyond another. It raises both for good when something large is freed, as a frame of 5 MB is;
    here they are fixed. Other C libraries are left alone.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, MAPPED_BYTES)
        set_option(M_TRIM_THRESHOLD, KEPT_BYTES)
