"""Every outcome of a run, durable, in one file."""

from harness.store.schema import StoreError
from harness.store.store import FILE, Place, Store, WriteError, set_aside

__all__ = ["FILE", "Place", "Store", "StoreError", "WriteError", "set_aside"]
