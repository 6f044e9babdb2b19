"""Data that a user brings, as the dataset of a suite and as a problem whose rows can be named."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.builtin.datasets.csv_file import delimiter_of
from harness.builtin.datasets.table_file import TableError, found_file
from harness.complaints import ProblemError, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.builtin.datasets.preparation import Rows
    from harness.suite import Suite


def own_data(
    file: str | Path | None,
    n: int | None,
    d: int | None,
    label: str | None,
    labels: str | None,
    drop: Sequence[str],
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], int, int, str]:
    """Return the dataset as in a suite, n, d, and a name for folders.

    Args:
        file: A CSV, TSV or NPZ file, or None for labels that are drawn on the sphere.
        n: Number of samples, by default all rows of the file.
        d: Input dimension, by default all input columns of the file.
        label: Column of the labels, by default ``y``, or the last one if no column is called so.
        labels: Kind of labels, as the dataset has them.
        drop: Columns that are not inputs.
        say: Called with each line about the columns that the user should see.

    Raises:
        ProblemError: If the data cannot be used.
    """
    if file is None:
        if n is None or d is None:
            raise ProblemError("give a CSV file, or both --n and --d for Gaussian labels on the sphere")
        return {"use": "sphere", "labels": labels or "gaussian"}, n, d, f"n{n}-d{d}"
    path = Path(file)
    try:
        found_file(str(path))
    except TableError as error:
        raise ProblemError(str(error)) from error
    spec: dict[str, Any] = {"use": "table", "path": str(path)}
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        spec["label"] = label or _label(path)
    elif label:
        spec["label"] = label
    if labels:
        spec["labels"] = labels
    if drop:
        spec["drop"] = list(drop)
    try:
        rows = _dataset(spec).rows()
    except ValueError as error:
        raise ProblemError(str(error)) from error
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "table"
    if label is None and spec.get("label", "y") != "y":
        say(f"column {spec['label']!r} is taken as the labels; --label names another")
    if given := _one_hot_beside(rows):
        say(
            f"the labels and {listed(given)} have one 1 in each row, as one-hot classes do, so the inputs give the "
            "labels away; write one column of class names, and say --labels classes"
        )
    return spec, n or len(rows.x), d or rows.x.shape[1], name


def _one_hot_beside(rows: Rows) -> list[str]:
    """Return the input columns that make one-hot rows together with the labels."""
    if rows.y is None or rows.x.ndim != 2:
        return []
    places = [i for i, column in enumerate(rows.x.T) if column.any() and ((column == 0) | (column == 1)).all()]
    if not places or (rows.x[:, places].sum(axis=1) + rows.y != 1).any():
        return []
    return [repr(rows.columns[i]) if rows.columns else f"column {i + 1}" for i in places]


def _label(path: Path) -> str:
    """Return ``y`` if a column is called so, else the name of the last column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            line = stream.readline()
    except OSError as error:
        raise ProblemError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProblemError(
            f"{path} is not text in UTF-8: {error.reason} at byte {error.start}; save it as “CSV UTF-8”"
        ) from error
    separator = delimiter_of(line)
    header = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    if not header:
        raise ProblemError(f"{path} is empty, expected a CSV file with one column of labels")
    numbers = all(re.fullmatch(r"[-+.\deE]+", name) for name in header)
    return "y" if "y" in header else str(len(header)) if numbers else header[-1]


def outputs(spec: Mapping[str, Any]) -> int:
    """Return the number of outputs that the labels of a dataset need.

    Args:
        spec: The dataset as in a suite.

    Raises:
        ProblemError: If the data cannot be used.
    """
    try:
        return int(_dataset(spec).targets().outputs)
    except ValueError as error:
        raise ProblemError(str(error)) from error


def _dataset(spec: Mapping[str, Any]) -> Any:
    from harness.plugin_host.component_data import component_from
    from harness.plugin_host.loading import load_plugins

    return component_from(load_plugins(()), "dataset", dict(spec))


def problem_of_rows(suite: Suite, n: int, d: int) -> tuple[Any, Any]:
    """Return the problem, and the number in the file of each of its rows, or None if there is no file.

    With every row of a file the problem keeps their order, so that messages can name them.

    Args:
        suite: A suite with the data.
        n: Number of samples.
        d: Input dimension.

    Raises:
        ProblemError: If the data cannot be used.
    """
    import numpy as np

    from harness.components import Problem
    from harness.report.predicted import problem_of_suite

    try:
        problem = problem_of_suite(suite, n, d).training()
        rows = getattr(suite.dataset, "rows", None)
        if rows is None or n < len(rows().x):
            return problem, None
        whole: Any = suite.dataset
        ready = whole.prepared(d)
        x = ready.x / np.linalg.norm(ready.x, axis=1, keepdims=True) if whole.normalise else ready.x
        if ready.y is None or x.shape[1] != problem.x.shape[1] or problem.q > 1:
            return problem, None
        return Problem(x, ready.y, problem.seed, problem.dataset), np.arange(1, n + 1)
    except ValueError as error:
        constant = "all the same" in str(error) and "labels" in str(error)
        more = ": a constant has no threshold, since the harness fits labels of mean 0" if constant else ""
        raise ProblemError(f"{error}{more}") from error
