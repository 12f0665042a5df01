"""What the room knows and does: model, log, store, detection, alerts, views, access and the API."""
