"""Long runs, each part a module here with `run() -> dict`; `make torture` writes what they measured."""
