"""What runs Tocsin somewhere: brokers for the demo and the tests, and the files for containers and monitoring."""
