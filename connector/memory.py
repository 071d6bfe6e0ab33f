"""What the process tells its allocators once everything that stays is there."""

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's mallopt (malloc.h)."""
THRESHOLD_BYTES = 1 << 20


def settle_memory() -> None:
    """Let the collector pass over what stays for good, and free memory go back to the system.

    Collected are cycles alone, so ccxt, the markets and the code needn't be looked at again. glibc
    maps what is larger than a threshold by itself, and gives back what is free at its heap's end
    beyond another. It raises both for good when something large is freed, as a frame of 5 MB is;
    here they are fixed. Other C libraries are left alone.
    """
    gc.collect()
    gc.freeze()
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            set_option(option, THRESHOLD_BYTES)
