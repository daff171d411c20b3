"""What the tasks send one another: ports, order keys, records, sequence numbers, state keys."""
