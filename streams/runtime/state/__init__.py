"""Keyed state of a partition: its base, its changelog, how it is restored."""
