"""A user's own table: CSV, NPZ, ARFF or IDX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from harness.builtin.datasets.arff_file import read_arff
from harness.builtin.datasets.csv_file import read_csv
from harness.builtin.datasets.idx_file import SUFFIXES, read_idx
from harness.builtin.datasets.npz_file import read_npz
from harness.builtin.datasets.observed import Observed
from harness.builtin.datasets.preparation import Prepared, Rows, prepare
from harness.builtin.datasets.table_file import (
    MOST_BYTES,
    TableError,
    digest_of,
    found_file,
    refuse_few_integers,
    refuse_many_classes,
)

LISTED = 8
"""Number of column names that captions list."""


@dataclass(frozen=True)
class TableFile(Observed):
    """n rows of a CSV, NPZ, ARFF or IDX file of numbers, drawn without replacement.

    In a CSV file, one column is the label and all others are inputs, unless columns are chosen. The first line names
    them. If it has numbers only, it is a row like the others, and columns are called 1, 2, … In an NPZ file, inputs and
    labels are two arrays, (N, D) and (N,), and the columns are called 1, 2, … Nothing pickled is ever loaded.
    An ARFF file has attributes in place of columns. IDX files, the format of MNIST, are two: the inputs, with a row for
    each of the N arrays in it, and the labels. Both may be compressed by gzip. Missing
    values, columns without a name, and numbers whose squares overflow are refused.

    Attributes:
        path: The file. A relative path in a suite starts at the folder of the suite. If the file is not there, and in
            Python, it starts at the current directory.
        label: The column, array or attribute of the labels, or the IDX file of the labels, which may be named from the
            folder of the inputs. Random labels do not need it, but ``random-classes`` do for their number.
        inputs: The array of the inputs in an NPZ file.
        sha256: Digest that the file must have, or an empty string to accept any. Trials are stored under the digest of
            the file, so trials of other contents are never reused.
        columns: Names of the columns that are inputs. All but the label if empty. They keep the order of the file.
        drop: Names of columns that are not inputs. Nothing in them is read.
    """

    name: ClassVar[str] = "table"
    version: ClassVar[int] = 3
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(("columns", "drop"), "0.2")
    path: str = ""
    label: str = "y"
    inputs: str = "x"
    sha256: str = ""
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def spec(self) -> dict[str, object]:
        """Return what identifies the problems: the options, and the digest of the file's content.

        Raises:
            ValueError: The file cannot be read.
        """
        labels = self._label_file()
        beside = {} if labels is None else {"label_sha256": digest_of(labels)}
        return {**super().spec(), "sha256": self.sha256 or digest_of(self._file()), **beside}

    def stream(self) -> dict[str, Any]:
        """Return what names the draws: contents, not places, so that files in another folder give equal problems."""
        places = ("path",) if self._label_file() is None else ("path", "label")
        return {option: value for option, value in super().stream().items() if option not in places}

    def rows(self) -> Rows:
        """Return the whole table.

        Raises:
            ValueError: With what is wrong with the file, and where.
        """
        file = self._file()
        digest = digest_of(file)
        if self.sha256 not in ("", digest):
            raise TableError(f"{self.path} is another file: its SHA-256 is {digest}, not {self.sha256}")
        return _read(self._at(file, digest), self.path, self._digest_of_labels())

    def contents(self) -> str:
        """Return which columns are inputs and labels, or an empty string if the file cannot be read."""
        try:
            names = self.rows().columns
        except ValueError:
            return ""
        listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
        inputs = f"{len(names)} inputs ({listed})" if len(names) > 1 else f"1 input ({listed})"
        return f"{inputs}, label {self.label}" if self._labelled() else inputs

    def prepared(self, d: int) -> Prepared:
        """Return it ready to draw from, kept for the next problem."""
        file = self._file()
        return _prepared(self._at(file, digest_of(file)), self.path, self._digest_of_labels(), d)

    def _digest_of_labels(self) -> str:
        labels = self._label_file()
        return "" if labels is None else digest_of(labels)

    def _labelled(self) -> bool:
        return self.labels in ("own", "numbers", "classes", "parity", "random-classes")

    def _label_file(self) -> Path | None:
        """Return the file of the labels, or None if they are not needed or are beside the inputs.

        Raises:
            TableError: If it is needed and there is none.
        """
        if not self._labelled() or not self.path.lower().endswith(SUFFIXES):
            return None
        beside = Path(self.path).expanduser().parent / self.label
        name = self.label if Path(self.label).expanduser().is_file() or not beside.is_file() else str(beside)
        return found_file(name, "labels of an IDX file are in a file of their own; say label = 'file'")

    def _at(self, file: Path, digest: str) -> TableFile:
        """Return the table under its real path and the digest of its content, by which what was read is kept."""
        labels = self._label_file()
        label = self.label if labels is None else str(labels)
        return replace(self, path=str(file), sha256=digest, label=label)

    def _file(self) -> Path:
        if not self.path:
            raise TableError("dataset 'table' needs a file: { use = 'table', path = 'data.csv' }")
        return found_file(self.path)


@lru_cache(maxsize=4)
def _read(table: TableFile, source: str, labels: str) -> Rows:  # noqa: ARG001  # the digest of the labels is part of the key
    """Read a file once for each content. ``source`` is its name in messages."""
    file, suffix = Path(table.path), Path(table.path).suffix.lower()
    chosen = {"columns": table.columns, "drop": table.drop}
    if suffix == ".npz":
        label = table.label if table._labelled() else None
        rows = read_npz(file, source, table.inputs, label, MOST_BYTES, **chosen)
    elif suffix in (".csv", ".tsv", ".txt"):
        classes = table.labels in ("classes", "parity", "random-classes")
        rows = read_csv(file, source, table.label, own=table._labelled(), classes=classes, **chosen)
    elif suffix == ".arff":
        rows = read_arff(file, source, table.label, own=table._labelled(), **chosen)
    elif file.name.lower().endswith(SUFFIXES):
        beside = table._label_file()
        rows = read_idx(file, source, beside, MOST_BYTES, **chosen)
    else:
        raise TableError(
            f"{source} ends in {suffix or 'nothing'}; expected .csv, .tsv, .txt, .npz, .arff, or -ubyte for IDX"
        )
    if table.labels == "own" and rows.y is not None:
        refuse_few_integers(rows.y, table.label, source)
    if table.labels in ("classes", "random-classes") and rows.y is not None:
        refuse_many_classes(rows.y, table.label, source)
    return rows


@lru_cache(maxsize=8)
def _prepared(table: TableFile, source: str, labels: str, d: int) -> Prepared:
    return prepare(_read(table, source, labels), d, table.reduce)
