"""Every outcome of a run, durable, in one file."""

from harness.store.ledger import LedgerKey, Round
from harness.store.schema import StoreError
from harness.store.store import FILE, Place, Store, WriteError, set_aside

__all__ = ["FILE", "LedgerKey", "Place", "Round", "Store", "StoreError", "WriteError", "set_aside"]
