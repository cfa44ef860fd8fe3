"""The only place that knows Kafka, the clock, the environment and metrics."""
