"""Checks of regimes and of their diagnostics."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, get_args, get_type_hints

import numpy as np

from harness.complaints import SpecError
from harness.components import Cell, Diagnostic, Model, Network, Regime
from harness.plugin_host.composition import build_regime, regime_spec
from harness.plugin_host.registry import AmbiguousName, UnknownName
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.samples import N, accepted, models_for, problem, tensors, trained, variants, with_more, with_signs
from harness.testing.state import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Theory
    from harness.plugin_host.registry import Registry

STEPS = 20

BESIDE = "theories"
"""Name of the check whose reason for being skipped a person should know."""


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
                apart = _apart(regime, _own(theory(), subject.registry))
                because = f" ({apart})" if apart else ""
                said = f"theory={regime.theory!r} does not concern this regime{because}"
                yield f"{said}: mend its concerns(), or name another"


def beside(subject: Subject) -> Iterator[str]:
    """Tables show a theory beside it. Where none does, nothing is wrong, and it is said why."""
    from harness.builtin.datasets import Sphere
    from harness.claims.predictions import concerned

    regime: Regime = subject.item
    theories = subject.registry.theories()
    if not theories or concerned(theories, regime, Sphere()):
        yield from ()  # checks are iterators, and this one has no faults to report
        return
    homes = [home for theory in theories if (home := _own(theory, subject.registry)) is not None]
    for part, own in _parts(regime).items():
        if not any(_parts(home)[part] == own for home in homes):
            raise NotApplicable(f"no theory stands beside this regime: it {own}, and none is about that")
    nearest = min(homes, key=lambda home: len(_differences(regime, home)))
    raise NotApplicable(f"no theory stands beside this regime: the nearest one {_apart(regime, nearest)}")


def _parts(regime: Regime) -> dict[str, str]:
    """Return what theories look at in a regime, in words that follow "it"."""
    traits = regime.model.describe()
    hidden = len(traits.layers)
    trains = f"trains the {traits.trains} layer" if traits.trains in ("hidden", "output") else "trains both layers"
    if traits.trains is None:
        trains = f"trains {hidden + 1} layers" if hidden else f"trains the model {regime.model.name}"
    return {
        "width": "has a width" if regime.model.has_width else "has no width",
        "layers": trains,
        "activation": f"has the activation {traits.activation}" if traits.activation else "has no activation",
        "optimizer": f"is trained by {regime.optimizer.name}",
        "criterion": f"minimises {regime.criterion.name}",
    }


def _differences(regime: Regime, home: Regime) -> list[str]:
    own, there = _parts(regime), _parts(home)
    return [f"{there[part]} where this {own[part]}" for part in own if own[part] != there[part]]


def _apart(regime: Regime, home: Regime | None) -> str:
    """Return in which parts the regime that a theory is about differs, or an empty string."""
    return "" if home is None else "; ".join(_differences(regime, home))


def _own(theory: Theory, registry: Registry) -> Regime | None:
    """Return the regime that a theory is about, or None if it cannot be built, which its own check reports."""
    try:
        return build_regime(theory.claim.home, registry)
    except SpecError:
        return None


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
    d = accepted(regime.model)
    cell = Cell(regime.name, N, d, k)
    together = train(setting, cell, [0, 1, 2])
    for outcome in together:
        if outcome.message:
            yield f"training n = {N}, d = {d}, k = {k} ends in an error: {outcome.message}"
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
    Check(BESIDE, ("regime",), beside),
    Check("trains", ("regime",), trains),
    Check("measured", ("diagnostic",), measured),
)
