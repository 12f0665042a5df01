"""The lines the room must show: each a row that `make accept` runs and measures."""
