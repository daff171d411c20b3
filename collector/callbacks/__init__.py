"""Callbacks of message providers and webhooks of shops: verified, and read as raw events.

One pure module a provider: `verify(request, secret)` says nothing or raises, `read(request)` makes raw events.
"""
