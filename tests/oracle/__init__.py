"""The oracle: docs/contract.md read aloud, one event after another. Slow and obvious; everything is held against it.

`tests.oracle.run.run(records, secret=..., partitions=..., campaigns=...)` sorts every event of a history by
(event time, topic, partition, offset), applies its links to one graph, walks the profiles one event after another and
lets time run out at the end. Before an event of another day it runs everybody's timers up to midnight, since what
everybody did is known from the day after; what happens to a product is told to everybody at once.

What `schemas` says (how a record is read, how an identifier is hashed, its limits) and Liquid itself are shared with
the system; nothing else is. `tests.oracle.core.agreed` runs the core beside it and fails where they differ.
"""
