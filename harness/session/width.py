"""The width that own data need: k½ and the width from which nearly all trainings fit, for the usual regimes."""

from __future__ import annotations

import csv
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.builtin.datasets.csv_file import delimiter_of
from harness.complaints import ProblemError
from harness.components import Cell
from harness.report.width_answer import Needed, WidthAnswer
from harness.session.suites import load_suite
from harness.statistics.share_width import SHARE, ShareWidth, fewest_fits, share_width

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.session.results import Results
    from harness.suite import Suite

USUAL: dict[str, dict[str, Any]] = {
    "softplus, hidden layer": {"use": "moderate", "activation": "softplus"},
    "ReLU, hidden layer": {"use": "moderate", "activation": "relu"},
    "ReLU, both layers": {"use": "train-all-relu"},
}
"""Regimes that are tried if none is named."""

DRAWN = {"": "Gaussian labels", "gaussian": "Gaussian labels", "rademacher": "random signs"}
"""Labels that are drawn, in words."""

FACTORS = (1.0, 1.25, 1.6, 2.0, 3.0)
"""Widths at which the share of fits is tested, as multiples of the upper end of the bracket of k½."""

TRIALS = fewest_fits(most_widths=len(FACTORS))
"""Number of trainings at each of them. If all fit, the share is certified."""


def needed_width(
    file: str | Path | None = None,
    *,
    n: int | None = None,
    d: int | None = None,
    label: str | None = None,
    labels: str | None = None,
    drop: Sequence[str] = (),
    regimes: Mapping[str, Mapping[str, Any]] | None = None,
    tolerance: float = 1e-2,
    steps: int = 20_000,
    limit: bool = True,
    workers: int | None = None,
    out: str | Path | None = None,
    max_time: float | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> WidthAnswer:
    """Return the width from which half, and nearly all, of the nets of the usual regimes fit data.

    Everything that is trained is stored, so a second call goes on where the first ended.

    Args:
        file: A CSV, TSV or NPZ file, or None for Gaussian labels on the sphere.
        n: Number of samples, by default all rows of the file.
        d: Input dimension, by default all input columns of the file.
        label: Column of the labels, by default ``y``, or the last one if no column is called so.
        labels: Kind of labels, as the dataset ``table`` has them.
        drop: Columns that are not inputs.
        regimes: Regimes as in a suite, by name, or None for :data:`USUAL`.
        tolerance: Largest relative residual of a fit within the budget.
        steps: Budget of a training in steps.
        limit: Whether exact fits with unlimited steps are decided too.
        workers: Number of worker processes, by default one for each core.
        out: Where runs are stored, by default reports/width-<name>.
        max_time: Seconds after which the call returns what is known, or None for no limit.
        progress: Whether to show the progress on standard error.
        say: Called with each line that the user should see.

    Raises:
        ProblemError: If the data cannot be used.
        SuiteError: If a regime cannot be composed.
    """
    from harness.claims.unfittable import unfittable
    from harness.report.plan_view import duration
    from harness.session.planning import plan
    from harness.session.training import run

    begun = time.monotonic()
    dataset, n, d, name = _data(file, n, d, label, labels, drop)
    data = Path(file).name if file else f"{DRAWN.get(labels or '', 'random classes')} of {n} points on the sphere"
    directory = Path(out) if out else Path("reports") / f"width-{name}"
    base = {
        "suite": {"name": f"width-{name}", "title": f"Widths for {data}"},
        "problems": {"dataset": dataset, "n": n, "d": d},
        "budget": {"steps": steps, "report_tolerance": tolerance, "tolerances": _tolerances(tolerance), "limit": limit},
    }
    chosen = {key: dict(value) for key, value in (regimes or USUAL).items()}
    suite, left_out = _composed(base, chosen)
    problem, rows = _problem(suite, n, d)
    found, going = [], []
    for regime in suite.regimes:
        why = unfittable(problem, regime, tolerance, rows)
        if why:
            found.append(Needed(regime.name, why))
        else:
            going.append(regime)
    options: dict[str, Any] = {"workers": workers, "progress": progress, "notice": say}

    def left() -> float | None:
        return None if max_time is None else max(max_time - (time.monotonic() - begun), 1e-3)

    complete = True
    if going:
        narrowed = replace(suite, regimes=tuple(going))
        planned = plan(narrowed, out=directory, workers=workers)
        if planned.training_seconds >= 1:
            what = f"k½ of {len(going)} regime{'s' if len(going) > 1 else ''}"
            on = f"{planned.workers} worker{'s' if planned.workers > 1 else ''}"
            say(f"about {duration(planned.seconds_now)} for {what} on {on}, and several times that if nets hardly fit")
        started = time.monotonic()
        results = run(narrowed, out=directory, max_time=left(), **options)
        complete = not results.missing
        if complete and results.trained:
            each = (time.monotonic() - started) / results.trained
            say(
                f"k½ took {duration(each * results.trained)}; at up to {len(FACTORS)} widths a regime 95 % are tested, "
                f"up to about {duration(each * TRIALS)} each"
            )
        for regime in going:
            one = Needed(regime.name, results=results, predictions=results.predictions[regime.name, n, d])
            if complete:
                spec = {"name": regime.name, **chosen[regime.name]}
                one, done = _nearly_all(one, regime, base, spec, directory, left, options)
                complete = complete and done
            found.append(one)
    order = [regime.name for regime in suite.regimes]
    return WidthAnswer(
        data=data,
        n=n,
        d=d,
        tolerance=tolerance,
        steps=steps,
        regimes=tuple(sorted(found, key=lambda one: order.index(one.regime))),
        left_out=left_out,
        directory=directory,
        seconds=time.monotonic() - begun,
        complete=complete,
    )


def _nearly_all(
    one: Needed,
    regime: Regime,
    base: Mapping[str, Any],
    spec: Mapping[str, Any],
    directory: Path,
    left: Callable[[], float | None],
    options: Mapping[str, Any],
) -> tuple[Needed, bool]:
    """Train many nets at wider and wider widths until nearly all of them fit; return whether all is trained."""
    from harness.session.training import run

    assert one.results is not None
    n, d = one.results.sizes()[0]
    first = one.results.threshold(regime.name, n, d)
    within = one.results.threshold(regime.name, n, d, base["budget"]["report_tolerance"])
    ends = [found.high for found in (first, within) if found.high is not None]
    if not ends:
        return one, True
    exact = first.kind == "exact" and first.high is not None  # else 95 % are not known to fit exactly either
    base = {**base, "budget": {**base["budget"], "limit": exact}}
    step = regime.initializer.width_step
    tried: list[int] = []
    place = directory / re.sub(r"[^A-Za-z0-9-]+", "-", f"share-{regime.name}")
    for factor in FACTORS:
        tried.append(step * math.ceil(round(factor * max(ends) / step, 9)))
        search = {"method": "grid", "widths": sorted(set(tried)), "trials": TRIALS}
        results = run({**base, "search": search, "regimes": [dict(spec)]}, out=place, max_time=left(), **options)
        one = replace(
            one,
            exact=_share(results, regime.name, n, d, first.low, None) if exact else None,
            budget=_share(results, regime.name, n, d, within.low, base["budget"]["report_tolerance"]),
            steps=_by_step(hitting_times(results, regime.name, n, d, max(tried))),
        )
        if results.missing:
            return one, False
        if all(share is None or share.high is not None for share in (one.exact, one.budget)):
            break
    return one, True


def _share(results: Results, regime: str, n: int, d: int, floor: int | None, tolerance: float | None) -> ShareWidth:
    found = results.threshold(regime, n, d, 0.0 if tolerance is None else tolerance)
    return share_width(found.counts, most_widths=len(FACTORS), open_trials=found.open, floor=floor)


def hitting_times(results: Results, regime: str, n: int, d: int, k: int) -> list[float]:
    """Return the steps at which the trials of a width meet the reported tolerance, fitted where they come later.

    Args:
        results: Results of a run.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        k: The width.
    """
    from harness.components.reason import arrival

    index = results.rung()
    tolerance = results.suite.budget.tolerances[index]
    trials = results.outcomes.get(Cell(regime, n, d, k), ())
    return [
        float(hit) if (hit := trial.hits[index]) is not None else arrival(trial, tolerance) or math.inf
        for trial in trials
        if not trial.message
    ]


def _by_step(times: Sequence[float]) -> float | None:
    """Return the time by which 95 % have come, or None if there is none."""
    return sorted(times)[math.ceil(SHARE * len(times)) - 1] if times else None


def _tolerances(tolerance: float) -> list[float]:
    return sorted({0.1, 1e-2, 1e-3, tolerance}, reverse=True)


def _data(
    file: str | Path | None,
    n: int | None,
    d: int | None,
    label: str | None,
    labels: str | None,
    drop: Sequence[str],
) -> tuple[dict[str, Any], int, int, str]:
    """Return the dataset as in a suite, n, d, and a name for folders."""
    if file is None:
        if n is None or d is None:
            raise ProblemError("give a CSV file, or both --n and --d for Gaussian labels on the sphere")
        return {"use": "sphere", "labels": labels or "gaussian"}, n, d, f"n{n}-d{d}"
    path = Path(file)
    if path.is_dir():
        raise ProblemError(f"{path} is a folder, expected a file")
    spec: dict[str, Any] = {"use": "table", "path": str(path)}
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        spec["label"] = label or _label(path)
    elif label:
        spec["label"] = label
    if labels:
        spec["labels"] = labels
    if drop:
        spec["drop"] = list(drop)
    x = _table(spec)
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "table"
    return spec, n or len(x), d or x.shape[1], name


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


def _table(spec: Mapping[str, Any]) -> Any:
    from harness.plugin_host.component_data import component_from
    from harness.plugin_host.loading import load_plugins

    dataset: Any = component_from(load_plugins(()), "dataset", dict(spec))
    try:
        return dataset.rows().x
    except ValueError as error:
        raise ProblemError(str(error)) from error


def _composed(base: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> tuple[Suite, dict[str, str]]:
    """Return the suite of the regimes that can be composed with the data, and why others cannot."""
    from harness.suite import SuiteError

    kept, left_out, last = [], {}, None
    for name, spec in chosen.items():
        try:
            load_suite({**base, "regimes": [{"name": name, **spec}]})
            kept.append({"name": name, **spec})
        except SuiteError as error:
            left_out[name], last = "; ".join(one.message for one in error.complaints), error
    if not kept:
        assert last is not None
        raise last
    return load_suite({**base, "regimes": kept}), left_out


def _problem(suite: Suite, n: int, d: int) -> tuple[Any, Any]:
    """Return the problem, and the number in the file of each of its rows, or None if there is no file.

    With every row of a file the problem keeps their order, so that messages can name them.
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
