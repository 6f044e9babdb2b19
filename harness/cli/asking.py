"""The options that choose what counts as a fit in results, and the refusal of what a run cannot be asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click as plain
import rich_click as click

from harness.cli.wrong_input import WrongInput
from harness.complaints import printable, show

if TYPE_CHECKING:
    from harness.components import Mark, Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = ("tolerance", "at_error", "at_margin")
"""Options of which one says what counts as a fit. Verbs get their value as ``tolerance``."""

MARKS = OPTIONS[1:]
"""Those of them that name a mark of a further measure."""


class StepsType(plain.IntRange):
    """A number of steps, or ``inf`` for unlimited steps."""

    name = "steps"

    def convert(self, value: Any, param: plain.Parameter | None, ctx: plain.Context | None) -> Any:
        """Return the number as an int, or infinity."""
        if value in ("inf", math.inf):
            return math.inf
        try:
            steps = int(value)
        except ValueError:
            steps = 0
        if steps < 1:
            self.fail(f"found {show(str(value))}, expected a number of steps from 1 on, or inf", param, ctx)
        return steps


def asking(tolerance: str, steps: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--tolerance``, ``--at-error``, ``--at-margin`` and ``--steps``.

    The verb gets a tolerance, or the mark that one of the other two names, as ``tolerance``.

    Args:
        tolerance: Help of ``--tolerance``.
        steps: Help of ``--steps``.
    """
    options = (
        click.option("--tolerance", type=float, metavar="EPS", help=tolerance),
        click.option("--at-error", type=float, metavar="SHARE", help="By a recorded share of wrong labels; 0: none."),
        click.option("--at-margin", type=float, metavar="M", help="By a recorded smallest margin."),
        click.option("--steps", type=StepsType(min=1), metavar="T", help=steps),
    )

    def decorated(function: F) -> F:
        @wraps(function)
        def choosing(*, tolerance: float | None, at_error: float | None, at_margin: float | None, **values: Any) -> Any:
            from harness.components import Mark

            values_of = dict(zip(OPTIONS, (tolerance, at_error, at_margin), strict=True))
            given = [option(name) for name, value in values_of.items() if value is not None]
            if len(given) > 1:
                raise WrongInput(f"{' and '.join(given)}: one of them says what counts as a fit; keep one")
            asked: Asked = tolerance
            if at_error is not None:
                asked = Mark("error", at_error)
            elif at_margin is not None:
                asked = Mark("margin", at_margin)
            return function(tolerance=asked, **values)

        decorated = cast("F", choosing)
        for one in reversed(options):
            decorated = one(decorated)
        return decorated

    return decorated


def option(name: str) -> str:
    """Return an option as it is typed, such as ``--at-error``."""
    return f"--{name.replace('_', '-')}"


def check_question(results: Results, tolerance: Asked, steps: float | None, name: str = "") -> None:
    """Refuse a tolerance, a mark or a number of steps that a run cannot be asked for.

    Args:
        results: The run.
        tolerance: Tolerance that was asked for, 0 for exact fits, a mark, or None.
        steps: Number of steps that was asked for, infinity, or None.
        name: The run in messages, or an empty string for the only one.

    Raises:
        WrongInput: If the run does not have it.
    """
    from harness.components import Mark

    budget, regimes, of = results.suite.budget.steps, results.suite.regimes, f"{name}: " if name else ""
    if isinstance(tolerance, Mark):
        _check_mark(regimes, tolerance, steps, of)
    else:
        try:
            if tolerance == 0.0 and steps is not None and math.isfinite(steps):
                raise ValueError("an exact fit takes unlimited steps; leave out --steps")
            if tolerance != 0.0:
                results.rung(tolerance)
        except ValueError as error:
            raise WrongInput(f"--tolerance: {of}{error}") from error
    if steps is not None and math.isfinite(steps) and steps > budget:
        raise WrongInput(f"--steps {steps}: {name or 'the suite'} trained for at most {budget} steps")
    if (tolerance == 0.0 or steps == math.inf) and not any(results.decides_fates(one.name) for one in regimes):
        asked = "--steps inf" if steps == math.inf else "--tolerance 0"
        raise WrongInput(f"{asked}: {name or 'the suite'} does not decide what becomes of trials with unlimited steps")


def _check_mark(regimes: Sequence[Regime], mark: Mark, steps: float | None, of: str) -> None:
    """Refuse a mark that a regime does not record, or unlimited steps beside one.

    Raises:
        WrongInput: With what the regime recorded, and the nearest of it.
    """
    if steps == math.inf:
        raise WrongInput(f"{_typed(mark)}: {of}{mark} is known within the budget alone; leave out --steps inf")
    lacking = [regime for regime in regimes if mark not in regime.criterion.marks()]
    if not lacking:
        return
    having = [show(printable(regime.name)) for regime in regimes if regime not in lacking]
    recorded = lacking[0].criterion.marks()
    said = [f"{_typed(mark)}: {of}regime {show(printable(lacking[0].name))} did not record {mark}"]
    if having:
        said.append(f"choose regimes that did with --regime, of {', '.join(having)}")
    elif not recorded:
        said.append(f"name {mark.measure}s under [budget] and train again")
    if recorded:
        near = min(recorded, key=lambda one: (one.measure != mark.measure, abs(one.value - mark.value)))
        said.append(f"it recorded {', '.join(map(str, recorded))}: did you mean {_typed(near)}?")
    raise WrongInput("; ".join(said))


def _typed(mark: Mark) -> str:
    return f"{option(f'at_{mark.measure}')} {mark.value:g}"
