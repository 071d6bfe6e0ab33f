"""Faults on demand: what there is, how it is asked for, how it strikes."""
