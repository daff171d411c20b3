"""Delivery: a consumer of its own that hands messages to an SMTP server and to webhooks, at most once each.

`message`, `ledger`, `suppressions`, `outcomes`, `breaker`, `backoff`, `profile_queues`, `progress`, `signature`,
`mime`, `html_text`, `answers` and `results` are pure. `tail`, `ledger_writer`, `smtp`, `webhook`, `files`, `courier`,
`assignment` and `service` talk to Kafka, to servers and to the disk. docs/delivery.md is the page for operators.
"""
