"""A peer for each connector, by the connector's name: what it is tested against."""
