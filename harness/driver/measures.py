"""Numbers of trials by name: the diagnostics of their regimes, and those that every outcome may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.components import Outcome, Regime
    from harness.driver.results import Results

ALWAYS = {
    "measure": "Measure of the criterion at the last step.",
    "movement": "‖w − w₀‖/‖w₀‖ of the trained weights.",
    "lambda_min": "Smallest eigenvalue of J₀J₀ᵀ.",
    "lambda_max": "Largest eigenvalue of J₀J₀ᵀ.",
    "step_size": "Step size η.",
    "steps": "Steps taken.",
}
"""Numbers that every outcome may have, beside the diagnostics of its regime."""


def recorded(regimes: Iterable[Regime]) -> list[str]:
    """Return the names of the diagnostics that regimes record, and of the numbers that every outcome may have."""
    named = dict.fromkeys(one.name for regime in regimes for one in regime.diagnostics)
    return [*named, *(name for name in ALWAYS if name not in named)]


def number_in(outcome: Outcome, name: str) -> float | None:
    """Return a diagnostic of a trial, or one of the numbers of every outcome; None if it has none.

    Args:
        outcome: The trial.
        name: Name of a diagnostic, or of one of :data:`ALWAYS`.
    """
    if outcome.message:
        return None
    found = outcome.diagnostics.get(name)
    return getattr(outcome, name) if found is None and name in ALWAYS else found


def measured_by(results: Results, regime: str, name: str, outcome: Outcome) -> float | None:
    """Return a number of a trial, or 1 for a fit and 0 for none if the name is ``fit``.

    Args:
        results: Results of the run.
        regime: Name of the regime.
        name: As for :func:`number_in`, or ``fit``.
        outcome: The trial.
    """
    if name != "fit":
        return number_in(outcome, name)
    fits = results.question(regime).fit(outcome)
    return None if fits is None else float(fits)
