"""The store's schema, one revision after another; run when a store is opened."""

from typing import Final

HEAD: Final = "0016"
"""The newest revision: a store that stands there is opened without loading Alembic."""
