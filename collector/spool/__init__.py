"""The queue on disk between requests and Kafka: what is in it outlives the process.

`frames.py` says what is written, `segments.py` in which files, `spool.py` who waits for what.
"""
