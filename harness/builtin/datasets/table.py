"""A user's own table: CSV or NPZ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from harness.builtin.datasets.observed import Observed, Prepared, Rows, prepare
from harness.builtin.datasets.table_file import TableError, digest_of, read_csv, read_npz

MOST_BYTES = 64 << 20
"""Largest file that is read, and largest array in it."""


@dataclass(frozen=True)
class TableFile(Observed):
    """n rows of a CSV or NPZ file of numbers, drawn without replacement.

    In a CSV file, one column is the label and all others are inputs. The first line names them. If it has numbers
    only, it is a row like the others, and columns are called 1, 2, … In an NPZ file, inputs and labels are two
    arrays, (N, D) and (N,). Nothing pickled is ever loaded. Missing values are refused.

    Attributes:
        path: The file, relative to the directory the harness is run in.
        label: The column, or array, of the labels. Random labels do not need it.
        inputs: The array of the inputs in an NPZ file.
        sha256: Digest that the file must have, or an empty string to accept any. Trials are stored under the digest of
            the file, so trials of other contents are never reused.
    """

    name: ClassVar[str] = "table"
    path: str = ""
    label: str = "y"
    inputs: str = "x"
    sha256: str = ""

    def spec(self) -> dict[str, object]:
        """Return what identifies the problems: the options, and the digest of the file's content.

        Raises:
            ValueError: The file cannot be read.
        """
        return {**super().spec(), "sha256": self.sha256 or digest_of(self._file())}

    def rows(self) -> Rows:
        """Return the whole table.

        Raises:
            ValueError: With what is wrong with the file, and where.
        """
        file = self._file()
        digest = digest_of(file)
        if self.sha256 not in ("", digest):
            raise TableError(f"{self.path} is another file: its SHA-256 is {digest}, not {self.sha256}")
        return _read(str(file), digest, self.path, self.label, self.inputs, self.labels in ("own", "classes"))

    def prepared(self, d: int) -> Prepared:
        """Return it ready to draw from, kept for the next problem."""
        file = self._file()
        own = self.labels in ("own", "classes")
        return _prepared(str(file), digest_of(file), self.path, self.label, self.inputs, own, d, self.reduce)

    def _file(self) -> Path:
        if not self.path:
            raise TableError("dataset 'table' needs a file: { use = 'table', path = 'data.csv' }")
        file = Path(self.path).expanduser()
        if not file.is_file():
            raise TableError(f"there is no file {self.path}, seen from {Path.cwd()}")
        if file.stat().st_size > MOST_BYTES:
            raise TableError(f"{self.path} is larger than {MOST_BYTES >> 20} MiB")
        return file.resolve()


@lru_cache(maxsize=4)
def _read(file: str, digest: str, source: str, label: str, inputs: str, own: bool) -> Rows:  # noqa: ARG001  # part of the cache's key
    """Read a file once for each content; the digest is part of the key of what is kept."""
    suffix = Path(file).suffix.lower()
    if suffix == ".npz":
        return read_npz(Path(file), source, inputs, label if own else None, MOST_BYTES)
    if suffix in (".csv", ".tsv", ".txt"):
        return read_csv(Path(file), source, label, own=own)
    raise TableError(f"{source} ends in {suffix or 'nothing'}; expected .csv or .npz")


@lru_cache(maxsize=8)
def _prepared(file: str, digest: str, source: str, label: str, inputs: str, own: bool, d: int, reduce: str) -> Prepared:
    return prepare(_read(file, digest, source, label, inputs, own), d, reduce)
