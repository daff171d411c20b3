"""Apache Kafka on this machine: from Maven Central, as one KRaft node, for tests and `winback up --kafka apache`."""
