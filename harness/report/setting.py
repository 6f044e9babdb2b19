"""Regimes, budgets and criteria as text for tables."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from harness.components.entries import Entry, Missing, Text
from harness.components.numbers import plain
from harness.components.table import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.components import Component, Criterion, Optimizer, Regime, Tuning
    from harness.suite import Suite

COLUMNS = (
    Column("regime", fold=True),
    Column("trains", fold=True, priority=6),
    Column("activation", fold=True, priority=5),
    Column("init", fold=True, priority=7),
    Column("optimizer", fold=True, priority=8),
)
"""Columns of the setting of a row. They fold into a heading if space is short."""


def sizes(suite: Suite) -> tuple[tuple[int, int], ...]:
    """Return every (n, d) of a suite, with the largest last."""
    return tuple(sorted(suite.sizes))


def entries(regime: Regime) -> tuple[Entry, ...]:
    """Return the entries of :data:`COLUMNS` for a regime."""
    traits = regime.model.describe()
    return (
        Text(regime.name),
        Text(trains(regime)),
        Text(traits.activation) if traits.activation else Missing("the model has no activation"),
        Text(component(regime.initializer)),
        Text(optimizer(regime.optimizer, regime.tune)),
    )


def trains(regime: Regime) -> str:
    """Return which layers are trained, and the noise on activations, or the name of a model that is no shallow net."""
    layers, noise = regime.model.describe().trains, regime.model.activation_noise()
    named = regime.model.name if layers is None else layers
    if noise is None:
        return named
    return f"{named}, {'fresh' if noise.fresh else 'fixed'} {noise.kind} noise {noise.strength:g}"


def component(part: Component, leave_out: Iterable[str] = ()) -> str:
    """Return a component's name and the options that differ from their defaults.

    >>> from harness.builtin.initializers import GaussianHalves
    >>> component(GaussianHalves()), component(GaussianHalves(sigma=0.5))
    ('gaussian-halves', 'gaussian-halves (sigma 0.5)')
    """
    ignored = set(leave_out)
    changed = [
        f"{field.name} {spelled(getattr(part, field.name))}"
        for field in dataclasses.fields(part)
        if field.name not in ignored and getattr(part, field.name) != field.default
    ]
    return f"{part.name} ({', '.join(changed)})" if changed else part.name


def optimizer(method: Optimizer, tune: Tuning | None = None) -> str:
    """Return an optimizer with its options and its step-size policy.

    Options that optimizers were given later are left out at their default, as in their specs.

    Args:
        method: The optimizer.
        tune: Step sizes to choose from, if the regime has them.

    >>> from harness.builtin.optimizers import GradientDescent, Momentum
    >>> optimizer(GradientDescent()), optimizer(Momentum(step_size=0.15)), optimizer(GradientDescent("theory"))
    ('gd, stable 1.5', 'momentum, beta 0.9, step 0.15', 'gd, theory step')
    """
    said = method.spec()
    extra = [
        f"{field.name} {spelled(getattr(method, field.name))}"
        for field in dataclasses.fields(method)
        if field.name not in ("step_size", "c") and field.name in said
    ]
    return ", ".join([method.name, *extra, step(method) if tune is None else tuned(tune)])


def step(method: Optimizer) -> str:
    """Return the step-size policy: ``stable 1.5``, ``theory step`` or ``step 0.15``."""
    if method.step_size == "stable":
        return f"stable {plain(method.c)}"
    return "theory step" if method.step_size == "theory" else f"step {plain(method.step_size)}"


def tuned(tune: Tuning) -> str:
    """Return the choice of a step size in words.

    >>> from harness.components import Tuning
    >>> tuned(Tuning(c=(0.5, 1.5, 4.0)))
    'tuned c 0.5 to 4 by validation error'
    """
    option = "step" if tune.option == "step_size" else "c"
    low, high = plain(tune.candidates[0]), plain(tune.candidates[-1])
    return f"tuned {option} {low} to {high} by {tune.select.replace('-', ' ')}"


def steps_explained(regimes: Iterable[Regime]) -> str:
    """Return sentences that explain the step-size policies of some regimes."""
    known = list(regimes)
    untuned = [regime.optimizer.step_size for regime in known if regime.tune is None]
    policies = {size if isinstance(size, str) else "number" for size in untuned}
    policies |= {"tuned"} if len(untuned) < len(known) else set()
    said = {
        "stable": "“stable c” is the step size c/λ_max(J₀J₀ᵀ) of each trial",
        "theory": "“theory step” is the step size of the regime's theorem",
        "number": "“step η” is the step size η itself",
        "tuned": "“tuned” is the candidate, a step η or a factor c of the stable step c/λ_max(J₀J₀ᵀ), that did best in "
        "tuning trials at each n, d and k, on problems of their own",
    }
    return "; ".join(said[policy] for policy in said if policy in policies)


def measures_explained(regimes: Iterable[Regime]) -> str:
    """Return sentences that define the measures of the criteria."""
    criteria: dict[str, Criterion] = {}
    for regime in regimes:
        criteria.setdefault(regime.criterion.name, regime.criterion)
    return " ".join(f"Criterion {name}: {summary(type(part))}" for name, part in criteria.items())


def summary(thing: object) -> str:
    """Return the first line of a docstring, or an empty string if the object has none of its own."""
    doc = inspect.getdoc(thing) if getattr(thing, "__doc__", None) else None
    return doc.split("\n\n")[0].replace("\n", " ").strip() if doc else ""


def spelled(value: Any) -> str:
    """Return the value of an option as text for tables.

    >>> spelled(0.5), spelled(True), spelled("stable")
    ('0.5', 'True', 'stable')
    """
    return plain(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
