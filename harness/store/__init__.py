"""Every outcome of a run, durable, in one file."""

from harness.store.aside import set_aside
from harness.store.connection import GoneError, LockedError, WriteError
from harness.store.ledger import LedgerKey, Round
from harness.store.results_file import FILE
from harness.store.schema import UNION, StoreError
from harness.store.store import Place, Store

__all__ = [
    "FILE",
    "UNION",
    "GoneError",
    "LedgerKey",
    "LockedError",
    "Place",
    "Round",
    "Store",
    "StoreError",
    "WriteError",
    "set_aside",
]
