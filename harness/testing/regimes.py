"""Checks of regimes and of their diagnostics."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, get_args, get_type_hints

import numpy as np

from harness.components import Cell, Diagnostic, Model, Network, Regime
from harness.plugin_host.composition import build_regime, regime_spec
from harness.plugin_host.registry import AmbiguousName, UnknownName
from harness.testing.case import Check, Subject, told
from harness.testing.samples import D, N, models_for, problem, tensors, trained, variants, with_more, with_signs
from harness.testing.state import same

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 20


def composed(subject: Subject) -> Iterator[str]:
    """It survives being written as plain data and read back, and its theory exists."""
    regime: Regime = subject.item
    again = build_regime(regime_spec(regime, subject.registry), subject.registry)
    if again != regime:
        yield "it is another regime when written as plain data and read back: use components that plugins provide"
    if regime.theory:
        try:
            theory = subject.registry.find("theory", regime.theory)
        except (UnknownName, AmbiguousName) as error:
            yield f"theory={regime.theory!r}: {error}"
        else:
            if not theory().concerns(regime):
                yield f"theory={regime.theory!r} does not concern this regime: mend its concerns(), or name another"


def trains(subject: Subject) -> Iterator[str]:
    """A few small networks of it can be trained, alone as well as together, and end in no error."""
    from harness.builtin.datasets import Sphere
    from harness.engine.setting import Setting, step_theory
    from harness.engine.solvers import choose
    from harness.engine.work import train

    regime: Regime = subject.item
    solver = choose(regime, "float32", "cpu", registry=subject.registry)
    setting = Setting(
        regime=regime,
        theory=step_theory(regime, subject.registry),
        dataset=Sphere(),
        resample=True,
        base_seed=0,
        steps=STEPS,
        tolerances=(1e-1, 1e-3),
        dtype="float32",
        device="cpu",
        spectrum=True,
        solver=solver,
    )
    k = 4 * regime.initializer.width_step if regime.model.has_width else 0
    cell = Cell(regime.name, N, D, k)
    together = train(setting, cell, [0, 1, 2])
    for outcome in together:
        if outcome.message:
            yield f"training n = {N}, d = {D}, k = {k} ends in an error: {outcome.message}"
            return
    alone = train(setting, cell, [1])
    if alone[0] != together[1]:
        yield "a network trained among others ends elsewhere than alone: something depends on the batch"
    for diagnostic in regime.diagnostics:
        values = [outcome.diagnostics.get(diagnostic.name, math.nan) for outcome in together]
        if any(map(math.isinf, values)):
            yield f"diagnostic {diagnostic.name} is infinite: {values}"


def measured(subject: Subject) -> Iterator[str]:
    """A diagnostic is a finite number, or NaN where it makes no sense; the same when asked again."""
    choices = get_args(get_args(get_type_hints(Diagnostic, include_extras=True)["summary"])[0])
    if getattr(subject.item, "summary", None) not in choices:
        yield f"summary is {getattr(subject.item, 'summary', None)!r}, expected one of {', '.join(choices)}"
        return
    for made, options in variants(subject.item):
        found, said = [], ""
        for model, signs in itertools.product(models_for(subject), (False, True)):
            try:
                values = [made.measure(_network(subject, model, step, signs)) for step in (0, 3)]
                again = [made.measure(_network(subject, model, step, signs)) for step in (0, 3)]
            except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
                said = said or f"model {model.name}: {type(error).__name__}: {error}"
                continue
            for value in values:
                if not isinstance(value, float) or math.isinf(value):
                    yield f"measure() returned {value!r} for model {model.name}{told(options)}, expected a finite float"
                    return
            if not same(values, again):
                yield f"measure() is {again} when asked again, was {values}{told(options)}: it may keep nothing"
            found += values
        if not any(map(math.isfinite, found)):
            yield f"measure() finds no number for any model at hand{told(options)}" + (f" ({said})" if said else "")


def _network(subject: Subject, model: Model, steps: int, signs: bool) -> Network:
    """Return a small network after some steps on numbers or signs, with the regime of the diagnostic."""
    import torch

    from harness.builtin.criteria import Quadratic
    from harness.builtin.initializers import MirroredLeCun
    from harness.builtin.optimizers import GradientDescent

    regimes = subject.registry.all("regime").values()
    carried = [r for r in regimes if r.model == model and any(isinstance(d, subject.item) for d in r.diagnostics)]
    regime = carried[0] if carried else Regime("", model, MirroredLeCun(), GradientDescent(), Quadratic())
    given = with_signs(with_more(problem())) if signs else with_more(problem())
    rng = np.random.Generator(np.random.Philox(key=2))
    drawn = regime.initializer.draw(model, given.training(), 4 * regime.initializer.width_step, rng)
    params = start = tensors(model.extend(drawn))
    x, y = torch.from_numpy(given.x), torch.from_numpy(given.y)
    names = trained(model, params)
    for _ in range(steps):
        moving = {name: params[name].clone().requires_grad_() for name in names}
        loss = regime.criterion.loss(model.forward({**params, **moving}, x), y)
        grads = torch.autograd.grad(loss, list(moving.values()), allow_unused=True)
        stepped = {n: params[n] if g is None else params[n] - 0.01 * g for n, g in zip(names, grads, strict=True)}
        params = {**params, **stepped}
    return Network(model, regime.optimizer, regime.criterion, given, params, start, step_size=0.01, step=steps)


CHECKS = (
    Check("composed", ("regime",), composed),
    Check("trains", ("regime",), trains),
    Check("measured", ("diagnostic",), measured),
)
