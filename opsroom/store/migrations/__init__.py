"""The store's schema, one revision after another; run when a store is opened."""
