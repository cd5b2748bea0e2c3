"""The notifier, measured on real Kafka: recovery, latency, kills."""
