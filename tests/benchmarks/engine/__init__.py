"""What the engine costs and how fast it answers, on real Kafka, beside others: `make bench`."""
