"""The engine's protocol as a model: the real agents on a log in memory, with everything going wrong."""
