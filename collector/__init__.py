"""HTTP in: SDKs, callbacks of providers and webhooks of shops, read, checked and put on the raw topics of Kafka.

`intake.py` is the port that every route writes to; what reads a request is pure (bytes and headers in, raw events out).
"""
