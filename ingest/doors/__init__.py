"""Doors for senders that speak another protocol over HTTP: line protocol, remote write, collectd's JSON.

Each door only reads its own form into columns; naming, judging, making durable and answering are shared.
"""
