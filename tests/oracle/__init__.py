"""The oracle: docs/contract.md read aloud, one event after another. Slow and obvious; everything is held against it.

`tests.oracle.run.run(records, secret=..., partitions=..., campaigns=...)` sorts every event of a history by
(event time, topic, partition, offset), applies its links to one graph, walks the profiles one event after another and
lets time run out at the end. Reading a record (`schemas.events`) is shared with the system; nothing else is.
"""
