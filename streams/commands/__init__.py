"""The commands: each has arguments(parser), run(args) -> exit status, and EXAMPLES."""
