"""Profiles and events that move between partitions."""
