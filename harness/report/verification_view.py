"""Tables of a verification: the flipped verdicts of a sample that was trained again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.components.entries import Count, Entry, Interval, Missing, Number, Text
from harness.components.numbers import plain
from harness.components.table import Column, Row, Table

if TYPE_CHECKING:
    from harness.components import Outcome
    from harness.driver.results import Results
    from harness.exchange.verification import Retrained, Share, Verification
    from harness.exchange.verification_sample import Stratum

NEAR = 0.1
"""Share of the tolerance, or of the budget, within which a trial counts as close to it."""

WORDS: dict[Stratum, str] = {"mixed": "mixed cells", "decided": "other cells"}


COLUMNS = (
    Column("part"),
    Column("trials", "right", priority=1),
    Column("flipped", "right"),
    Column("share", "right"),
    Column("equal", "right"),
    Column("other fate", "right"),
    Column("steps apart", "right"),
)

FLIP_COLUMNS = (
    Column("regime", fold=True),
    Column("n", "right"),
    Column("d", "right"),
    Column("k", "right"),
    Column("trial", "right"),
    Column("stored"),
    Column("again"),
    Column("why", wrap=40, below=True),
)

HEADERS = tuple(column.header for column in (*COLUMNS, *FLIP_COLUMNS))
"""Headers of the tables of a verification."""


def verification_view(found: Verification, results: Results) -> Table:
    """Return the numbers of flipped verdicts and of outcomes equal to the last bit, by part of the run."""
    rows = []
    for part, words in WORDS.items():
        rows.append(_row(words, found.sizes[part], found.of(part), found.share(part)))
    trained = [trial for trial in found.trials if not trial.failed]
    rows.append(_row("the run", sum(found.sizes.values()), trained, found.whole()))
    return Table(
        name="verification",
        title=f"{len(trained)} trials trained again, each alone · {results.suite.title or results.suite.name}",
        caption=_caption(found, results),
        columns=COLUMNS,
        rows=tuple(rows),
    )


def _row(words: str, size: int, drawn: list[Retrained], share: Share) -> Row:
    apart = [trial.step_difference for trial in drawn if trial.step_difference is not None]
    none = Missing("none was drawn")
    fated = [trial for trial in drawn if trial.fates is not None]
    return Row(
        (
            Text(words),
            Number(size),
            Count(share.flipped, share.trials) if drawn else none,
            Interval(share.share, *share.interval) if drawn else none,
            Count(sum(trial.equal for trial in drawn), len(drawn)) if drawn else none,
            Count(sum(trial.other_fate for trial in drawn), len(fated)) if fated else Missing("no fates are known"),
            Number(max(apart)) if apart else Missing("no tolerance was met twice"),
        )
    )


def _caption(found: Verification, results: Results) -> str:
    budget = results.suite.budget
    solvers = ", ".join(sorted({now for _, now in found.solvers.values()}))
    reasons = found.reasons
    fated = any(trial.fates is not None for trial in found.trials)
    said = [
        f"Trained again in {found.dtype} on {found.device} by {solvers}.",
        "flipped: of the drawn trials, those that fit once and did not fit the other time, at tolerance "
        f"{plain(budget.tolerances[found.rung])} within {budget.steps} steps.",
        "share: with an exact interval (Clopper and Pearson, 95 %); of the run, from both parts by their sizes.",
        "mixed cells: those where some trials fit and some do not; at least half of the sample is drawn from them, as "
        "far as there are any, since verdicts flip there first.",
        "equal: drawn trials whose whole outcome is the same to the last bit; "
        + (f"it need not be, with {'; '.join(reasons)}." if reasons else "it must be, with the same settings here."),
        "other fate: drawn trials that end otherwise with unlimited steps." if fated else "",
        "steps apart: largest difference between the steps at which a tolerance of the suite was met in both.",
        f"{len(found.failed)} could not be trained." if found.failed else "",
    ]
    return " ".join(part for part in said if part)


def flips_view(found: Verification, results: Results) -> Table:
    """Return the trials with a flipped verdict, with digits that must be equal but differ, or with an error."""
    budget = results.suite.budget
    tolerance = budget.tolerances[found.rung]
    broken = {id(trial) for trial in found.broken}
    shown = [
        trial for trial in found.trials if trial.flipped or trial.failed or trial.other_fate or id(trial) in broken
    ]
    return Table(
        name="flips",
        title="Trials that came out otherwise",
        caption=f"stored, again: verdict and measure at the end, to be compared with {plain(tolerance)}.",
        columns=FLIP_COLUMNS,
        rows=tuple(
            Row(
                (
                    Text(trial.pick.cell.regime),
                    Number(trial.pick.cell.n),
                    Number(trial.pick.cell.d),
                    Number(trial.pick.cell.k),
                    Number(trial.pick.stored.seed),
                    _judged(trial.verdicts[0], trial.pick.stored),
                    _judged(trial.verdicts[1], trial.again),
                    Text(_why(trial, tolerance, budget.steps, found.rung)),
                )
            )
            for trial in shown
        ),
    )


def _judged(verdict: str, outcome: Outcome) -> Entry:
    return Text(verdict if outcome.message else f"{verdict}, {outcome.measure:.6g}")


def _why(trial: Retrained, tolerance: float, steps: int, rung: int) -> str:
    if trial.failed:
        return trial.again.message
    if trial.flipped:
        return why_flipped(trial, tolerance, steps, rung)
    if trial.other_fate and trial.fates is not None:
        return f"the verdict is the same, but {' became '.join(trial.fates)} with unlimited steps"
    return "the verdict is the same, the digits are not"


def why_flipped(trial: Retrained, tolerance: float, steps: int, index: int) -> str:
    """Say how close to the tolerance the two outcomes of a flipped trial are.

    Args:
        trial: The trial.
        tolerance: Of the verdict.
        steps: The budget.
        index: Index of the tolerance.
    """
    stored, again = trial.pick.stored, trial.again
    fit, unfit = (stored, again) if trial.verdicts[0] == "fit" else (again, stored)
    hit = fit.hits[index]
    if hit is not None and hit >= (1 - NEAR) * steps:
        return f"the tolerance was met at step {hit} of {steps}, close to the end of the budget"
    if math.isfinite(unfit.measure) and unfit.measure <= (1 + NEAR) * tolerance:
        return f"both come within {100 * NEAR:g} % of the tolerance, on either side of it"
    return "the two trajectories part long before the end"


def verification_record(found: Verification, results: Results) -> dict[str, Any]:
    """Return a verification as plain data for strict JSON."""
    budget = results.suite.budget
    shares = {str(part): (found.sizes[part], found.share(part)) for part in WORDS}
    shares["run"] = sum(found.sizes.values()), found.whole()
    apart = [trial.step_difference for trial in found.trials if trial.step_difference is not None]
    return {
        "suite": results.suite.name,
        "device": found.device,
        "dtype": found.dtype,
        "solvers": {name: {"stored": was, "again": now} for name, (was, now) in found.solvers.items()},
        "may_differ": found.expected,
        "edited": sum(bool(trial.edited) for trial in found.trials),
        "tolerance": budget.tolerances[found.rung],
        "steps": budget.steps,
        "drawn": len(found.trials),
        "equal": sum(trial.equal for trial in found.trials),
        "failed": len(found.failed),
        "broken": len(found.broken),
        "other_fate": sum(trial.other_fate for trial in found.trials),
        "largest_step_difference": max(apart, default=None),
        "flipped": {
            part: {
                "flipped": share.flipped,
                "drawn": share.trials,
                "of": size,
                "share": share.share,
                "interval": list(share.interval),
            }
            for part, (size, share) in shares.items()
        },
        "trials": [_record(trial, budget.tolerances[found.rung], budget.steps, found.rung) for trial in found.trials],
    }


def _record(trial: Retrained, tolerance: float, steps: int, rung: int) -> dict[str, Any]:
    cell, both = trial.pick.cell, (trial.pick.stored, trial.again)
    return {
        "regime": cell.regime,
        "n": cell.n,
        "d": cell.d,
        "k": cell.k,
        "seed": trial.pick.stored.seed,
        "part": trial.pick.part,
        "verdicts": list(trial.verdicts),
        "measures": [one.measure if math.isfinite(one.measure) else None for one in both],
        "hits": [list(one.hits) for one in both],
        "fates": None if trial.fates is None else list(trial.fates),
        "equal": trial.equal,
        "flipped": trial.flipped,
        "why": _why(trial, tolerance, steps, rung) if trial.flipped or trial.failed else "",
    }
