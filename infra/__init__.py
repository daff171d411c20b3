"""What streams and sinks both need and neither owns: Kafka clients, retry, logs, the metrics server, addresses."""
