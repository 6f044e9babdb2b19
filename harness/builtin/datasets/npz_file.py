"""Reading NPZ files of NumPy, without trust in what they claim."""

from __future__ import annotations

import math
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from harness.builtin.datasets.preparation import Rows
from harness.builtin.datasets.table_file import TableError, check_range, chosen_columns
from harness.complaints import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness import Array


def read_npz(
    file: Path,
    source: str,
    inputs: str,
    label: str | None,
    most: int,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Rows:
    """Read an NPZ file. Pickled data, and arrays that claim to be larger than they are, are not loaded.

    Args:
        file: The file.
        source: What messages call it.
        inputs: Array of the inputs, (N, D).
        label: Array of the labels, (N,), or None if they are not needed.
        most: Bytes that an array may have.
        columns: Numbers of the columns that are inputs, from 1, or empty for all.
        drop: Numbers of columns that are not inputs.

    Returns:
        The inputs and the labels.

    Raises:
        TableError: With what is wrong.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            x = _array(archive, inputs, source, most)
            y = None if label is None else _array(archive, label, source, most)
    except TableError:
        raise
    except Exception as error:  # a damaged archive makes its readers raise nearly anything
        raise TableError(f"{source} is no NPZ file: {_said(error)}") from error
    if x.ndim != 2 or not x.size:
        raise TableError(f"{source}: inputs {inputs!r} have the shape {x.shape}, expected (rows, columns)")
    if y is not None and y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y is not None and y.shape != (len(x),):
        raise TableError(f"{source}: labels {label!r} have the shape {y.shape}, expected ({len(x)},)")
    x, names = chosen_columns(x, source, columns, drop)
    check_range(x, names, f"{source}: array {inputs!r}")
    if y is not None:
        check_range(y[:, None], [], f"{source}: array {label!r}")
    return Rows(x, y, source, names)


def _array(archive: zipfile.ZipFile, name: str, source: str, most: int) -> Array:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if name not in members:
        raise TableError(f"{source} has no array {name!r}; its arrays are {listed(sorted(members))}")
    info = members[name]
    if info.file_size > most:
        raise TableError(f"{source}: array {name!r} is larger than {most >> 20} MiB")
    try:
        with archive.open(info) as content:
            version = np.lib.format.read_magic(content)
            if version not in ((1, 0), (2, 0)):
                raise TableError(f"{source}: array {name!r} has the format {version}, expected (1, 0) or (2, 0)")
            read = np.lib.format.read_array_header_1_0
            shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(content)
        if dtype.kind not in "buif":
            words = "; write 0, 1, … for classes" if dtype.kind in "SU" else ""
            raise TableError(f"{source}: array {name!r} holds {dtype}, not numbers{words}")
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise TableError(f"{source}: array {name!r} claims the shape {shape}, more than is there")
        with archive.open(info) as content:
            return np.lib.format.read_array(content, allow_pickle=False).astype(np.float64)
    except TableError:
        raise
    except Exception as error:  # likewise
        raise TableError(f"{source}: array {name!r} cannot be read: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Return what an error says on one line; it may quote the file."""
    text = repr(str(error))[1:-1] or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
