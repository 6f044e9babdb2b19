"""Reading IDX files, the format of MNIST and of its successors."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

import numpy as np

from harness.builtin.datasets.preparation import Rows
from harness.builtin.datasets.table_file import TableError, check_range, chosen_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Types of numbers by the third byte of a file."""

SUFFIXES = ("ubyte", ".idx", ".gz")
"""Ends of the names of IDX files. Compressed ones end in .gz."""


def read_array(file: Path, source: str, most: int) -> NDArray[Any]:
    """Return the array of an IDX file, which may be compressed by gzip.

    Args:
        file: The file.
        source: What messages call it.
        most: Bytes that the array may have.

    Raises:
        TableError: If it is no such file, or is larger, shorter or longer than it says.
    """
    with open(file, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(file, "rb") if packed else open(file, "rb") as content:
            head = content.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= 4:
                raise TableError(f"{source} is no IDX file: it begins with {head.hex(' ') or 'nothing'}")
            sizes = tuple(int(size) for size in np.frombuffer(content.read(4 * head[3]), dtype=">u4"))
            kind = np.dtype(TYPES[head[2]])
            bytes_said = math.prod(sizes) * kind.itemsize
            if len(sizes) != head[3] or bytes_said > most:
                raise TableError(f"{source} claims the shape {sizes}, more than {most >> 20} MiB")
            data = content.read(bytes_said + 1)
    except (OSError, EOFError) as error:
        raise TableError(f"{source} cannot be read: {error}") from error
    if len(data) != bytes_said:
        found = "more" if len(data) > bytes_said else f"{len(data)}"
        raise TableError(f"{source} claims the shape {sizes}, {bytes_said} bytes, and has {found}")
    return np.frombuffer(data, dtype=kind).reshape(sizes)


def read_idx(
    file: Path,
    source: str,
    label: Path | None,
    most: int,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Rows:
    """Read inputs (N, …), one row for each N, and labels (N,) from two IDX files. Bytes stay bytes.

    Args:
        file: The file of the inputs.
        source: What messages call it.
        label: The file of the labels, or None if they are not needed.
        most: Bytes that an array may have.
        columns: Numbers of the columns that are inputs, from 1, or empty for all.
        drop: Numbers of columns that are not inputs.

    Raises:
        TableError: With what is wrong.
    """
    x = read_array(file, source, most)
    if x.ndim < 2 or not x.size:
        raise TableError(f"{source} has the shape {x.shape}, expected rows of several numbers")
    x = x.reshape(len(x), -1)
    x, names = chosen_columns(x if x.dtype == np.uint8 else x.astype(np.float64), source, columns, drop)
    if x.dtype != np.uint8:
        check_range(x, names, source)
    if label is None:
        return Rows(x, None, source, names)
    y = read_array(label, str(label), most)
    if y.shape != (len(x),):
        raise TableError(f"{label} has the shape {y.shape}, expected ({len(x)},), a label for each row of {source}")
    y = y.astype(np.float64)
    check_range(y[:, None], [], str(label))
    return Rows(x, y, source, names)
