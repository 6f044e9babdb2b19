"""Every solver against a plain float64 loop: all activations, trained layers and methods, on odd sizes."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import pytest

from harness import ACTIVATIONS, Trained
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Model, Outcome, Regime
from harness.engine.fused.at_hand import unavailable
from harness.engine.gpu import tiling
from harness.engine.work import train
from tests.engine.cases import setting, stacked
from tests.engine.plain_loop import reference

SIZES = ((1, 1, 1), (2, 7, 3), (17, 3, 1), (37, 5, 13), (67, 11, 5), (131, 67, 29), (80, 130, 7))
"""(n, d, k): ones, primes, beyond the kernel's blocks of 64 samples and features, few samples in many dimensions."""

STEPS = 100
TOLERANCES = (0.97, 0.9, 0.7, 0.4, 0.1)
LAYERS: tuple[Trained, ...] = ("hidden", "output", "all")


def forward_alone(regime: Regime) -> Regime:
    """Return a regime whose model gives nothing but ``forward``."""
    model = regime.model
    kept = {"shallow_form": Model.shallow_form, "stack": Model.stack}
    bare = type(f"Bare{type(model).__name__}", (type(model),), kept)
    return replace(regime, model=bare(**{field.name: getattr(model, field.name) for field in fields(model)}))


def straddles(outcome: Outcome, rung: int) -> bool:
    """Whether the measure at the end of the budget is the tolerance up to rounding."""
    return abs(outcome.measure / TOLERANCES[rung] - 1.0) < 1e-3


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_verdicts_and_steps_are_those_of_a_plain_loop(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "LARGE", 0)  # the products of the libraries run on the processor too
    verdicts, differences, seen = 0, [], set()
    turn = list(ACTIVATIONS).index(activation)
    for i, (layers, beta) in enumerate(itertools.product(LAYERS, (0.0, 0.8))):
        n, d, k = SIZES[(turn + i) % len(SIZES)]
        optimizer = Momentum(c=0.2, beta=beta) if beta else GradientDescent(c=0.2)
        plain = Regime("r", ShallowNet(activation, layers, biases=bool(i % 2)), LeCun(), optimizer, Quadratic())
        chosen = [(of, "") for of in (plain, stacked(plain), forward_alone(plain))]
        for of, solver in (*chosen, (plain, "fused-gpu")):
            where = setting(of, steps=STEPS, tolerances=TOLERANCES, solver=solver)
            for outcome in train(where, Cell("", n, d, k), range(2)):
                if outcome.message:  # a dead ReLU has no Jacobian, hence no stable step
                    assert n == 1
                    continue
                seen.add(outcome.solver)
                assert outcome.step_size is not None
                exact = reference(where, Cell("", n, d, k), outcome.seed, outcome.step_size, beta)
                for rung, (ours, theirs) in enumerate(zip(outcome.hits, exact, strict=True)):
                    verdicts += 1
                    if (ours is None) != (theirs is None):
                        differences.append((outcome.solver, layers, beta, (n, d, k), TOLERANCES[rung], outcome.measure))
                        assert straddles(outcome, rung), differences[-1]
                    elif ours is not None and theirs is not None:
                        assert abs(ours - theirs) <= max(1, 0.02 * theirs), (outcome.solver, layers, beta, (n, d, k))
    print(f"{activation}: {len(differences)} of {verdicts} verdicts differ by rounding {differences}")
    assert len(differences) <= 0.02 * verdicts
    assert seen >= {"spectral", "stacked", "fused-gpu"} | (set() if unavailable() else {"fused"})
    assert seen & {"functional", "torch-compiled"}
