"""Delivery: a consumer of its own that hands messages to an SMTP server and to webhooks, at most once each.

`message`, `ledger`, `barred`, `judge`, `breaker`, `backoff`, `lanes`, `progress`, `signature`, `mime`, `plain`,
`answers` and `results` are pure; `tail`, `books`, `smtp`, `webhook`, `files`, `courier`, `tenure` and `service` do
what they say to Kafka, to servers and to disk. docs/delivery.md is the page for operators.
"""
