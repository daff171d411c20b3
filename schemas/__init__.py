"""The wire contract: what is on each topic, how a raw event is read, how values are normalised.

Imports nothing of ours.
"""
