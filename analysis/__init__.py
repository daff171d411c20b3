"""Statistics and attribution as pure functions of numbers: no database, no Kafka, no clock, randomness passed in.

Imports nothing of ours but `schemas`. Needs the extra `analysis` (numpy, scipy).
"""
