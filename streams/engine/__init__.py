"""Faust, Kafka and what it takes to trust them."""
