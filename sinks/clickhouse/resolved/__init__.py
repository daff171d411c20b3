"""Whose a profile is today, worked out as merges and splits are written, so that views look it up.

`resolving` says it, as a function of merges and splits; `families` keeps its answers in ClickHouse.
"""
