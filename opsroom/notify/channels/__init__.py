"""Channels of notifications, one file each: offer `open_channel(route, settings, environ)` and be found."""
