"""Decision logic: no Faust, no Kafka, no clock, no randomness, no I/O."""
