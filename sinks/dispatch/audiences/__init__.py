"""Audiences of advertising by webhook: `audiences.members` read, and each webhook told who comes and who goes.

Each webhook has a line of its own: a consumer group that one process at a time owns, so that one that is down holds up
no message and no other webhook.
"""
