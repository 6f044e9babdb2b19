"""What changed between two sets of reference reports."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from findings.reports import REPORTS, ROOT, Answer, Found, Report, kept, parse, read


def earlier(revision: str, suite: str) -> Report | None:
    """Return the report of a suite at a revision of the repository, or None if it had none.

    Args:
        revision: What git calls it, such as HEAD.
        suite: Name of the suite.
    """
    place = f"{revision}:reports/{suite}/thresholds.json"
    done = subprocess.run(["git", "show", place], cwd=ROOT, capture_output=True, text=True, check=False)
    return parse(done.stdout) if done.returncode == 0 else None


def apart(one: Answer, other: Answer) -> bool:
    """Return whether two brackets have no width in common.

    >>> def bracket(low, high):
    ...     return Answer(high, low, high, 0.01, 100, {}, None)
    >>> apart(bracket(3, 4), bracket(4, 6)), apart(bracket(3, 5), bracket(4, 6))
    (True, False)
    """
    return max(one.low, other.low) >= min(one.high, other.high)


def changes(before: Report, after: Report) -> Iterator[str]:
    """Yield a line for each threshold, exponent or formula of a suite whose conclusion changed."""
    then = {(found.regime, found.n, found.d): found for found in before.thresholds}
    for found in after.thresholds:
        place = f"{found.regime}, n = {found.n}, d = {found.d}"
        old = then.pop((found.regime, found.n, found.d), None)
        if old is None:
            yield f"new: {place}: {found.leading}"
            continue
        yield from _threshold(place, old, found)
    yield from (f"gone: {regime}, n = {n}, d = {d}" for regime, n, d in then)
    for name in after.with_width():
        yield from _exponents(name, before, after)
    known = {(law["regime"], law["law"]): law["allowed"] for law in before.laws}
    for law in after.laws:
        was = known.get((law["regime"], law["law"]))
        if was is not None and was != law["allowed"]:
            yield f"formula: {law['regime']}: {law['law']} is {'allowed' if law['allowed'] else 'refuted'} now"


def _threshold(place: str, old: Found, new: Found) -> Iterator[str]:
    for question, was, now in (("within the budget", old.budget, new.budget), ("exact fits", old.exact, new.exact)):
        if now is None or (was is not None and str(was) == str(now)):
            continue
        if was is None:
            note = "" if apart(old.budget, now) is False else ", apart from the bracket within the budget before"
            yield f"{question}: {place}: {now}, within the budget {old.budget} before{note}"
        elif (was.tolerance, was.steps) != (now.tolerance, now.steps):
            yield f"{question}: {place}: another question, {was} before and {now} now"
        else:
            mark = "moved" if apart(was, now) else "bound" if (was.k_half is None) != (now.k_half is None) else "digits"
            yield f"{mark}, {question}: {place}: {was} before, {now} now"


def _exponents(name: str, before: Report, after: Report) -> Iterator[str]:
    was, now = before.exponents.get(name), after.exponents.get(name)
    if was is None or now is None:
        return
    if now.get("refuted") and not was.get("refuted"):
        yield f"exponents: {name}: no power law meets all brackets now"
        return
    for letter in ("a", "b"):
        old, new = (_interval(record[f"{letter}_interval"]) for record in (was, now))
        if old is not None and new is not None and (old[0] > new[1] or new[0] > old[1]):
            yield f"exponents: {name}: {letter} in {_spelled(old)} before, in {_spelled(new)} now"


def _interval(pair: list[float | None] | None) -> tuple[float, float] | None:
    if pair is None:
        return None
    low, high = pair
    return float("-inf") if low is None else low, float("inf") if high is None else high


def _spelled(interval: tuple[float, float]) -> str:
    return f"[{interval[0]:.2f}, {interval[1]:.2f}]"


def listed(revision: str, folder: Path = REPORTS, *, digits: bool = False) -> Iterator[str]:
    """Yield what changed in each suite since a revision.

    Args:
        revision: What git calls it.
        folder: Where the reports are now.
        digits: Whether to list brackets that changed and still have a width in common, too.
    """
    for suite in kept(folder):
        before, after = earlier(revision, suite), read(suite, folder)
        if before is None or after is None:
            yield f"{suite}: a new report"
            continue
        found = list(changes(before, after))
        shown = [line for line in found if digits or not line.startswith("digits")]
        yield f"{suite}: {len(found)} changes, {len(found) - len(shown)} of them within the brackets before"
        yield from (f"  {line}" for line in shown)
