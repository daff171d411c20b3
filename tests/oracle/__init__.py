"""The oracle: docs/contract.md read aloud, one event after another. Slow and obvious; everything is held against it.

`tests.oracle.run.run(records, secret=..., partitions=..., campaigns=...)` sorts every event of a history by
(event time, topic, partition, offset), applies its links to one graph, walks the profiles one event after another and
lets time run out at the end. What `schemas` says (how a record is read, how an identifier is hashed, its limits) is
shared with the system; nothing else is. `tests.oracle.core.agreed` runs the core beside it and fails where they differ.
"""
