"""The engine room over Faust: micro-batches, outbox, state, commit order, watchdog."""
