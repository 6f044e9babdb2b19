"""Checks of solvers: against a plain float64 loop, and the same bits alone, in batches and in another order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Outcome, Regime, Trial
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.samples import D, N

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.setting import Setting

STEPS = 120
TOLERANCES = (0.9, 0.5, 0.1)
SEEDS = range(4)
CLOSE = 1e-6
"""Relative distance of a measure from that of the plain loop, in double precision."""


def small_regimes() -> Iterator[Regime]:
    """Yield small regimes that differ in one ingredient each, of which a solver takes at least one."""
    from harness.builtin.criteria import Logistic, MeanSquareOverRoot, Quadratic
    from harness.builtin.initializers import LeCun
    from harness.builtin.models import ShallowNet
    from harness.builtin.optimizers import GradientDescent, Momentum

    plain = GradientDescent(c=0.5)
    for name in ("softplus", "tanh", "relu"):
        yield Regime("", ShallowNet(name), LeCun(), plain, Quadratic())
        yield Regime("", ShallowNet(name), LeCun(), plain, MeanSquareOverRoot())
        yield Regime("", ShallowNet(name), LeCun(), plain, Logistic())
    for trains, biases in (("output", False), ("all", False), ("hidden", True)):
        yield Regime("", ShallowNet("softplus", trains, biases), LeCun(), plain, Quadratic())  # type: ignore[arg-type]  # a name among the literals
    yield Regime("", ShallowNet("tanh"), LeCun(), Momentum(c=0.3), Quadratic())


def _setting(subject: Subject, regime: Regime) -> Setting:
    from harness.builtin.datasets import Sphere
    from harness.engine.setting import Setting

    labels = Sphere(labels="rademacher" if "signs" in regime.criterion.targets else "gaussian")
    return Setting(
        regime, None, labels, True, 0, STEPS, TOLERANCES, "float64", "cpu", spectrum=False, solver=subject.item()
    )


def _taken(subject: Subject) -> list[Setting]:
    """Return the regimes that the solver takes, which it must then train as a plain loop does."""
    solver = subject.item()
    taken = [r for r in small_regimes() if not solver.refuses(r)]
    if taken and (reason := solver.why_not(taken[0], "float64", "cpu")):
        raise NotApplicable(reason)
    if not taken:
        raise NotApplicable("it refuses every shallow net at hand")
    kinds = {(r.criterion, r.optimizer, replace(r.model.describe(), activation=None)): r for r in reversed(taken)}
    return [_setting(subject, regime) for regime in kinds.values()]  # one activation for each


def plain_loop(regime: Regime, trial: Trial, steps: int) -> list[float]:
    """Return the measure before each step of gradient descent or the heavy ball, by autograd in float64."""
    import torch

    x, y = torch.from_numpy(trial.problem.x), torch.from_numpy(trial.problem.y)
    params, beta = trial.params, regime.optimizer.heavy_ball() or 0.0
    moved = regime.model.moved(params)
    velocity = {name: torch.zeros_like(params[name]) for name in moved}
    found = []
    for _ in range(steps + 1):
        free = {name: params[name].clone().requires_grad_() for name in moved}
        outputs = regime.model.forward({**params, **free}, x)
        found.append(float(regime.criterion.measure(outputs.detach(), y)))
        loss = regime.criterion.loss(outputs, y) * regime.model.loss_weight()
        for name, slope in zip(moved, torch.autograd.grad(loss, list(free.values())), strict=True):
            velocity[name] = beta * velocity[name] - trial.step_size * slope
            params = {**params, name: params[name] + velocity[name]}
    return found


def described(regime: Regime) -> str:
    """Return the ingredients of a small regime in a few words."""
    traits = regime.model.describe()
    biases = ", biases" if traits.biases else ""
    return f"{traits.activation}, {traits.trains}{biases}, {regime.optimizer.name}, {regime.criterion.name}"


def agrees(subject: Subject) -> Iterator[str]:
    """Hits and measures are those of a plain float64 loop."""
    from harness.components import Cell
    from harness.engine.trial import prepare
    from harness.engine.work import train

    k = 4
    for setting in _taken(subject):
        where = f" ({described(setting.regime)}; mend train, or let refuses() say so)"
        for outcome in train(setting, Cell("", N, D, k), SEEDS):
            if outcome.message:
                yield f"training n = {N}, d = {D}, k = {k} ends in an error: {outcome.message}"
                return
            exact = plain_loop(setting.regime, prepare(setting, N, D, k, outcome.seed), STEPS)
            hits = [next((s for s, m in enumerate(exact) if m <= t), None) for t in TOLERANCES]
            if list(outcome.hits) != hits:
                yield f"tolerances are met at steps {list(outcome.hits)}, by a plain loop at {hits}{where}"
            elif not np.isclose(outcome.measure, exact[outcome.steps], rtol=CLOSE):
                plain = exact[outcome.steps]
                yield f"the measure at step {outcome.steps} is {outcome.measure}, in a plain loop {plain}{where}"
            else:
                continue
            return


def alone(subject: Subject) -> Iterator[str]:
    """A trial ends with the same bits alone, with others, and in another order."""
    from harness.components import Cell
    from harness.engine.work import train

    def outcomes(setting: Setting, seeds: list[int]) -> dict[int, Outcome]:
        return {outcome.seed: outcome for outcome in train(setting, Cell("", N, D, 4), seeds)}

    for setting in _taken(subject):
        together = outcomes(setting, list(SEEDS))
        for seeds in ([SEEDS[1]], [*SEEDS][::-1]):
            if any(outcome != together[seed] for seed, outcome in outcomes(setting, seeds).items()):
                yield f"trials {seeds} end with other digits than among trials {list(SEEDS)}"
                return


CHECKS = (Check("agrees", ("solver",), agrees), Check("alone", ("solver",), alone))
