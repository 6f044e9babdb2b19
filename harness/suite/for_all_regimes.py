"""Keys of [budget] that are options of all regimes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.complaints import Complaint, show
from harness.suite.file import MAX_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.components import Regime
    from harness.suite.file import BudgetSection


def with_options(
    regimes: Mapping[int, Regime], budget: BudgetSection, complaints: list[Complaint]
) -> Iterator[tuple[int, Regime]]:
    """Yield the regimes with the epochs, errors and margins of the budget where they name none.

    Args:
        regimes: Regimes by their place in the file.
        budget: The section.
        complaints: Takes a complaint for each criterion that has no errors and margins.
    """
    for index, regime in regimes.items():
        optimizer, criterion = regime.optimizer, regime.criterion
        if budget.epochs is not None and optimizer.epochs is None:
            optimizer = replace(optimizer, epochs=budget.epochs)
        marks = {"at_errors": tuple(budget.errors), "at_margins": tuple(budget.margins)}
        given: dict[str, Any] = {name: value for name, value in marks.items() if value and not getattr(criterion, name)}
        try:
            criterion = replace(criterion, **given)
        except ValueError as error:
            message = f"criterion {show(criterion.name)} of regimes[{index}]: {error}"
            complaints.append(Complaint("refused", ("budget",), message))
        yield index, replace(regime, optimizer=optimizer, criterion=criterion)


def steps_of_epochs(regimes: Iterable[Regime], n: Iterable[int]) -> int:
    """Return the largest number of steps that the epochs of regimes take.

    Args:
        regimes: Regimes whose optimizers have epochs.
        n: Numbers of samples.
    """
    return max((regime.optimizer.most_steps(size, MAX_STEPS) for regime in regimes for size in n), default=1)
