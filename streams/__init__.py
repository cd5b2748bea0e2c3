"""The shell: transport, checkpoints, the three agents, incidents, delivery and the command line."""
