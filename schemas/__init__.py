"""What travels between the parts of Tocsin: events, topics, identifiers and their generated documents.

Nothing here knows Kafka, Faust or a model; `detectors` and `streams` both build on it.
"""
