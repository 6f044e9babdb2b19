"""Reading ARFF files, the format of Weka."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.builtin.datasets.preparation import Rows
from harness.builtin.datasets.table_file import MISSING, TableError, check_range, input_places
from harness.complaints import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_arff(
    file: Path,
    source: str,
    label: str,
    *,
    own: bool,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Rows:
    """Read an ARFF file of numeric inputs, with a numeric or nominal label.

    Values of a nominal label are numbered in the order in which the file declares them, from 0.

    Args:
        file: The file.
        source: What messages call it.
        label: Attribute of the labels.
        own: Whether the labels are needed; if not, the attribute is left out of the inputs where it is there.
        columns: Names of the inputs, or empty for all attributes but the label.
        drop: Names of attributes that are not inputs.

    Raises:
        TableError: With what is wrong.
    """
    from scipy.io import arff

    try:
        with open(file, encoding="utf-8-sig") as text:
            data, meta = arff.loadarff(text)
    except Exception as error:  # its readers raise nearly anything
        raise TableError(f"{source} is no ARFF file that can be read: {' '.join(str(error).split())[:200]}") from error
    names = meta.names()
    if own and label not in names:
        raise TableError(f"{source} has no attribute {label!r} for the labels; its attributes are {listed(names)}")
    place = names.index(label) if label in names else None
    inputs = [names[i] for i in input_places(names, place, source, columns, drop)]
    for name in inputs:
        if meta[name][0] != "numeric":
            raise TableError(
                f"{source}: attribute {name!r} is {meta[name][0]}, not numeric; drop = ['{name}'] leaves it out"
            )
    if not len(data):
        raise TableError(f"{source} has no rows")
    x = np.column_stack([data[name] for name in inputs]).astype(np.float64)
    check_range(x, inputs, source)
    if not own:
        return Rows(x, None, source, tuple(inputs))
    if meta[label][0] == "numeric":
        y = data[label].astype(np.float64)
        check_range(y[:, None], [], f"{source}: attribute {label!r}")
        return Rows(x, y, source, tuple(inputs))
    number = {value: float(i) for i, value in enumerate(meta[label][1] or ())}
    values = [value.decode() for value in data[label]]
    wrong = next((row for row, value in enumerate(values, 1) if value not in number or value.lower() in MISSING), None)
    if wrong is not None:
        raise TableError(f"{source}, row {wrong}, attribute {label!r}: {values[wrong - 1]!r} is none of its values")
    return Rows(x, np.array([number[value] for value in values]), source, tuple(inputs))
