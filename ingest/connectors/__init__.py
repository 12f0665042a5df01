"""Connectors: a module each kind of source, giving instants of readings."""
