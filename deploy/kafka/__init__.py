"""Apache Kafka for tests: fetched from Maven Central, run as one KRaft node on this machine."""
