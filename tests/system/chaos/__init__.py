"""Faults on real Kafka, held against an oracle: `make chaos`."""
