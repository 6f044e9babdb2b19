"""Tables that show two runs side by side: their differences and their thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.components.entries import Count, Entry, Interval, Missing, Note, Number, Text
from harness.components.numbers import clean, decimal
from harness.components.table import Column, Row, Table
from harness.exchange.run_comparison import same_question
from harness.report.caption import bracket_explained
from harness.report.questions import fit_explained, named
from harness.report.thresholds_view import measured
from harness.statistics.paired import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.exchange.run_comparison import RunComparison, SizeComparison, SizePlace
    from harness.statistics.thresholds import Threshold

EQUAL = "equal: shared trials whose whole outcome is the same to the last bit."


def differences_view(found: RunComparison, names: tuple[str, str]) -> Table:
    """Return the differences in how two runs were made.

    Args:
        found: The comparison.
        names: Names that the user gave to the runs.

    Returns:
        The table.
    """
    rows = [Row((Text(one.what), _text(one.first), _text(one.second))) for one in found.differences]
    return Table(
        name="differences",
        title="In what the runs differ",
        caption=f"A: {names[0]}. B: {names[1]}. What is not listed is the same in both.",
        columns=(Column("what", wrap=36), Column("A", wrap=44), Column("B", wrap=44)),
        rows=tuple(rows),
    )


def _text(value: str) -> Entry:
    return Text(value) if value else Missing("not recorded")


NONE = "There is nothing to compare: the runs have no regime, n and d in common."


def compare_runs_view(
    found: RunComparison,
    first: Results,
    second: Results,
    names: tuple[str, str],
    *,
    tolerance: Asked = None,
    steps: float | None = None,
) -> Table:
    """Return the thresholds of two runs side by side, and the verdicts of trials that both have.

    Args:
        found: The comparison.
        first: Run A.
        second: Run B.
        names: Names that the user gave to the runs.
        tolerance: Tolerance that was asked for, or None.
        steps: Number of steps that was asked for, or None.

    Returns:
        The table.
    """
    return Table(
        name="compare",
        title="Two runs side by side",
        caption=_caption(found, (first, second), names, tolerance, steps),
        columns=(
            Column("regime", fold=True),
            Column("n", "right"),
            Column("d", "right"),
            Column("k½ A", "right"),
            Column("k½ B", "right"),
            Column("ratio", "right"),
            Column("shared", "right", priority=2),
            Column("only A", "right"),
            Column("only B", "right"),
            Column("p", "right"),
            Column("equal", "right", priority=1, legend=EQUAL),
        ),
        rows=tuple(_row(size, found, first) for size in found.sizes),
        provenance={"A": names[0], "B": names[1]},
    )


def _row(size: SizeComparison, found: RunComparison, first: Results) -> Row:
    quotient = size.ratio
    known = (quotient.value, quotient.low, quotient.high)
    ratio: Entry = Missing("nothing is known of one of the two")
    if any(part is not None for part in known):
        ratio = Interval(*known, ratio=True)
    if not first.regime(size.regime).model.has_width:
        ratio = Missing("the model has no width")
    reason = found.incomparable or "no trial has the same width and number in both"
    none = Missing(reason, notes=(Note(f"no trial of A is a trial of B: {reason}"),))
    c = size.verdicts
    judged: tuple[Entry, ...] = (none, Missing(reason), Missing(reason), Missing(reason), Missing(reason))
    if size.shared:
        undecided = Missing("each shared trial is open in one of the runs")
        judged = (
            Number(size.shared),
            undecided if c is None else Number(c.only_first),
            undecided if c is None else Number(c.only_second),
            undecided if c is None else Number(c.p_value, width=False),
            Count(size.equal, size.shared),
        )
    return Row(
        (
            Text(size.regime),
            Number(size.n),
            Number(size.d),
            _measured(size.first),
            _measured(size.second),
            ratio,
            *judged,
        )
    )


def _measured(threshold: Threshold) -> Entry:
    """Return k½, or the share of fits for a model without width."""
    if set(threshold.counts) == {0}:
        return Count(*threshold.counts[0])
    return measured(threshold)


def _caption(
    found: RunComparison,
    runs: tuple[Results, Results],
    names: tuple[str, str],
    tolerance: Asked,
    steps: float | None,
) -> str:
    alone = [_only(name, places) for name, places in (("A", found.only_first), ("B", found.only_second)) if places]
    edited = [f"“{clean(one)}” is compared with “{clean(two)}” of B." for one, two in found.counterparts.items()]
    if not found.sizes:
        return " ".join([f"A: {names[0]}. B: {names[1]}.", NONE, *alone])
    said = [
        f"A: {names[0]}. B: {names[1]}.",
        *edited,
        *alone,
        _made(found),
        _unfinished(runs),
        *_asked(found, runs, tolerance, steps),
        "ratio: k½ of A over k½ of B; the interval contains the quotient of the two with a confidence of 95 %, "
        "whenever the searches stopped.",
        "shared: trials of equal width and number, which face the same problem in both runs; only A: those that fit in "
        "A alone; only B: likewise, without trials that are open in one of the two; p: two-sided sign test that both "
        "are equally likely.",
        EQUAL,
        _pooled(found.pooled),
        bracket_explained(),
    ]
    return " ".join(part for part in said if part)


def _asked(found: RunComparison, runs: tuple[Results, Results], tolerance: Asked, steps: float | None) -> list[str]:
    """Return the sentences that define a fit, with the regimes that they are about if there are several."""
    regimes: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(size.regime for size in found.sizes):
        one, two = map(fit_explained, same_question(runs, name, tolerance, steps))
        regimes.setdefault((one, two), []).append(name)
    said = []
    for (one, two), names in regimes.items():
        sentence = one if one == two else f"In A: {one} In B: {two}"
        said.append(f"{named(names)}: {sentence}" if len(regimes) > 1 else sentence)
    return said


def _made(found: RunComparison) -> str:
    listed = ", ".join(one.what for one in found.differences)
    return f"They differ in: {listed}." if listed else "They do not differ in how they were made."


def _unfinished(runs: tuple[Results, Results]) -> str:
    words = [f"{name} misses {run.missing} trials" for name, run in zip("AB", runs, strict=True) if run.missing]
    return f"UNFINISHED: {' and '.join(words)}." if words else ""


def _pooled(c: Comparison | None) -> str:
    if c is None:
        return ""
    shared = c.both + c.only_first + c.only_second + c.neither
    return (
        f"In all {shared} shared trials with a verdict together: {c.only_first} fit in A alone, {c.only_second} in B "
        "alone, "
        f"p = {decimal(c.p_value)}."
    )


def _only(name: str, places: Sequence[SizePlace]) -> str:
    sizes: dict[str, list[str]] = {}
    for regime, n, d in places:
        sizes.setdefault(regime, []).append(f"({n}, {d})")
    regimes: dict[tuple[str, ...], list[str]] = {}
    for regime, at in sizes.items():
        regimes.setdefault(tuple(at), []).append(f"“{regime}”")
    listed = "; ".join(f"{', '.join(names)} at {', '.join(at)}" for at, names in regimes.items())
    return f"Only {name} measured, at (n, d): {listed}."


def compare_runs_record(found: RunComparison, names: tuple[str, str]) -> dict[str, Any]:
    """Return a comparison as plain data for strict JSON."""
    return {
        "first": names[0],
        "second": names[1],
        "differences": [vars(one) for one in found.differences],
        "incomparable": found.incomparable,
        "pooled": _verdicts(found.pooled),
        "sizes": [_size(size) for size in found.sizes],
        "only_first": [list(place) for place in found.only_first],
        "only_second": [list(place) for place in found.only_second],
        "counterparts": dict(found.counterparts),
    }


def _size(size: SizeComparison) -> dict[str, Any]:
    return {
        "regime": size.regime,
        "n": size.n,
        "d": size.d,
        "first": _threshold(size.first),
        "second": _threshold(size.second),
        "ratio": vars(size.ratio),
        "shared": size.shared,
        "equal": size.equal,
        "verdicts": _verdicts(size.verdicts),
        "disagreements": [
            {
                "k": one.cell.k,
                "seed": one.seed,
                "verdicts": list(one.verdicts),
                "measures": [value if math.isfinite(value) else None for value in one.measures],
                "hits": list(one.hits),
            }
            for one in size.disagreements
        ],
    }


def _threshold(found: Threshold) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "by": found.by or None,
        "tolerance": found.tolerance,
        "steps": int(found.steps) if math.isfinite(found.steps) else None,
        "k_half": found.k_half,
        "low": found.low,
        "high": found.high,
        "bound": found.bound,
        "trials": found.trials,
    }


def _verdicts(c: Comparison | None) -> dict[str, Any] | None:
    return None if c is None else {**vars(c), "interval": list(c.interval)}
