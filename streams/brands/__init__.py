"""Brands come and go while workers run: the watch list as the configuration and the topic `brands` give it."""
