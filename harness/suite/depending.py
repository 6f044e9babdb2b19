"""Keys of a suite that depend on others: formulas of sizes, the diagnostic that decides, and choices of step sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from harness.complaints import SpecError, show
from harness.components.expression import value_of
from harness.plugin_host.component_data import component_from
from harness.statistics.search import Grid
from harness.suite.file import MAX_SIZE
from harness.suite.record import DiagnosticFit, samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.components import Diagnostic, Regime
    from harness.plugin_host.registry import Registry
    from harness.statistics.search import Search
    from harness.suite.file import ProblemsSection

Refuse = Callable[..., None]
"""Takes code, path and message of a fault, and the nearest valid name."""


def samples_given(problems: ProblemsSection | None, refuse: Refuse) -> tuple[tuple[int, ...], tuple[int | str, ...]]:
    """Return the numbers of samples, and as they are given if formulas of d are among them.

    Args:
        problems: The section, or None if it has faults.
        refuse: Takes code, path, message and nearest name of each fault.
    """
    if problems is None:
        return (), ()
    given = cast("tuple[int | str, ...]", problems.n)
    if not any(isinstance(n, str) for n in given):
        return cast("tuple[int, ...]", given), ()
    found: set[int] = set()
    for d in cast("tuple[int, ...]", problems.d):
        try:
            at = samples(given, d)
            if not all(1 <= n <= MAX_SIZE for n in at):
                raise ValueError(f"has the value {min(at)} to {max(at)} at d = {d}, expected 1 to {MAX_SIZE}")
        except ValueError as error:
            refuse("refused", ("problems", "n"), str(error))
            break
        found.update(at)
    return tuple(sorted(found)), given


def check_widths(
    search: Search | None, given: Sequence[int | str], problems: ProblemsSection | None, refuse: Refuse
) -> None:
    """Refuse formulas of widths that have no value, or one that is no width, at a size.

    Args:
        search: The search, or None if it has faults.
        given: Numbers of samples, formulas among them.
        problems: The section, or None if it has faults.
        refuse: As for :func:`samples_given`.
    """
    if not isinstance(search, Grid) or problems is None:
        return
    for d in cast("tuple[int, ...]", problems.d):
        for n in samples(given, d):
            for formula in search.formulas:
                try:
                    if not 0 < (width := value_of(formula, n=n, d=d)) <= MAX_SIZE:
                        raise ValueError(f"{formula!r} is {width:g} at n = {n}, d = {d}, expected 1 to {MAX_SIZE}")
                except ValueError as error:
                    refuse("refused", ("search", "widths"), str(error))
                    return


def fit_of(
    data: Mapping[str, Any], registry: Registry, search: Search | None, regimes: dict[int, Regime], refuse: Refuse
) -> tuple[DiagnosticFit | None, dict[int, Regime]]:
    """Return the diagnostic that decides, if there is one, and the regimes with it among their diagnostics.

    Args:
        data: Tables of the suite.
        registry: Plugins in which the diagnostic is looked up.
        search: The search, or None if it has faults.
        regimes: Regimes by their place in the file.
        refuse: As for :func:`samples_given`.
    """
    table = data.get("budget")
    given = table.get("fit") if isinstance(table, dict) else None
    if not isinstance(given, dict) or not isinstance(given.get("diagnostic"), str):
        return None, regimes
    try:
        made = cast("Diagnostic", component_from(registry, "diagnostic", given["diagnostic"]))
    except SpecError as error:
        for fault in error.complaints:
            refuse(fault.code, ("budget", "fit", "diagnostic"), fault.message, fault.nearest)
        return None, regimes
    monotone = type(made).monotone
    if not monotone and search is not None and not search.decided_beforehand:
        message = f"{show(made.name)} may fall with the width, so no search finds a threshold: use method = 'grid'"
        refuse("other-method", ("budget", "fit"), message)
    watched = {
        index: regime
        if any(one.name == made.name for one in regime.diagnostics)
        else replace(regime, diagnostics=(*regime.diagnostics, made))
        for index, regime in regimes.items()
    }
    return DiagnosticFit(made.name, given.get("at_least"), given.get("at_most"), monotone), watched


def check_samples(problems: ProblemsSection | None, regimes: Mapping[int, Regime], refuse: Refuse) -> None:
    """Refuse diagnostics of held-out or validation samples where none are drawn: every value would be missing.

    Args:
        problems: The section, or None if it has faults.
        regimes: Regimes by their place in the file, with the diagnostic that decides fits.
        refuse: As for :func:`samples_given`.
    """
    for key in ("held_out", "validation") if problems is not None else ():
        for index, regime in regimes.items():
            watching = next((one.name for one in regime.diagnostics if one.samples == key), None)
            if watching is not None and not getattr(problems, key):
                needed = f"diagnostic {show(watching)} of regimes[{index}] looks at {key.replace('_', '-')} samples"
                refuse("missing", ("problems", key), f"is 0, but {needed}: write how many, or leave it out")
                break


def check_tunings(
    search: Search | None, problems: ProblemsSection | None, regimes: Mapping[int, Regime], refuse: Refuse
) -> None:
    """Refuse choices of step sizes that have no widths to be made at, or no samples to be made by.

    Args:
        search: The search, or None if it has faults.
        problems: The section, or None if it has faults.
        regimes: Regimes by their place in the file.
        refuse: As for :func:`samples_given`.
    """
    for index, regime in regimes.items():
        if regime.tune is None:
            continue
        if search is not None and not isinstance(search, Grid):
            message = "is chosen at each width, so the widths must be known: write method = 'grid' in [search]"
            refuse("other-method", ("regimes", index, "tune"), message)
        if problems is not None and not problems.validation and regime.tune.select == "validation-error":
            message = f"is 0, but tune of regimes[{index}] selects by the error on validation samples: write how many"
            refuse("missing", ("problems", "validation"), message)
