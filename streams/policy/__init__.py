"""The chain of command: who is told what, when and how – one YAML file, and pure functions over it."""
