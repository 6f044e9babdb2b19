"""Several outputs and classes against a plain torch loop in float64."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from harness import Cell, Criterion, Dataset, Outcome, Regime
from harness.builtin.criteria import CrossEntropy, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.components import Optimizer
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.fused.at_hand import unavailable
from harness.engine.minibatches import Minibatches
from harness.engine.solvers import choose, refusals, shipped
from harness.engine.spectrum import largest_block, largest_of_several
from harness.engine.work import train
from tests.engine.cases import BareShallow, setting

VALUES, CLASSES = Sphere(outputs=2), Sphere(labels="classes")
CELL = Cell("", 20, 5, 9)

CASES: list[tuple[Dataset, Optimizer, Criterion]] = [
    (VALUES, GradientDescent(c=0.5), Quadratic()),
    (VALUES, StochasticGradientDescent(c=0.5, batch=6), Quadratic()),
    (CLASSES, Momentum(c=0.5, beta=0.5), Quadratic()),
    (CLASSES, GradientDescent(c=1.0), CrossEntropy()),
    (CLASSES, StochasticGradientDescent(batch=6), CrossEntropy(measured="error")),
]


def network(params: dict[str, Tensor], x: Tensor) -> Tensor:
    return torch.tanh(x @ params["W"].T + params["b"]) @ params["v"].T + params["c"]


def loop(
    regime: Regime, dataset: Dataset, outcome: Outcome, steps: int, tolerances: tuple[float, ...]
) -> tuple[list[int | None], float, float]:
    """Return hits, the last measure and the movement of a plain loop with the trial's own step size."""
    problem = draw_problem(dataset, CELL.n, CELL.d, seed=outcome.seed, base=1)
    drawn = draw_weights(regime.initializer, regime.model, problem, CELL.k, seed=outcome.seed, base=1)
    first = {name: torch.from_numpy(value) for name, value in drawn.items()}
    params = {name: value.clone().requires_grad_() for name, value in first.items()}
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    assert outcome.step_size is not None
    beta = regime.optimizer.heavy_ball()
    assert beta is not None
    method = torch.optim.SGD(params.values(), lr=outcome.step_size, momentum=beta)
    b = regime.optimizer.batch_size(CELL.n)
    order, every = Minibatches([outcome.seed], CELL.n, b, 1), -(-CELL.n // b)
    hits: list[int | None] = [None] * len(tolerances)
    measure = 0.0
    for step in range(steps + 1):
        if step % every == 0:
            f = network(params, x).detach()
            if isinstance(regime.criterion, Quadratic):
                measure = float((f - y).norm() / y.norm())
            elif regime.criterion == CrossEntropy():
                measure = float(torch.nn.functional.cross_entropy(f, y.argmax(1)))
            else:
                measure = float((f.argmax(1) != y.argmax(1)).double().mean())
            hits = [step if hit is None and measure <= t else hit for hit, t in zip(hits, tolerances, strict=True)]
        if hits[-1] is not None or step == steps:
            break
        rows = torch.from_numpy(order.take(1)[0, 0]) if b < CELL.n else torch.arange(CELL.n)
        f = network(params, x[rows])
        if isinstance(regime.criterion, Quadratic):
            loss = 0.5 * ((f - y[rows]) ** 2).sum()
        else:
            loss = torch.nn.functional.cross_entropy(f, y[rows].argmax(1), reduction="sum")
        method.zero_grad()
        (loss * CELL.n / b).backward()  # type: ignore[no-untyped-call]  # torch does not type it
        method.step()
    moved = sum(float(((params[name].detach() - first[name]) ** 2).sum()) for name in first)
    size = sum(float((value**2).sum()) for value in first.values())
    return hits, measure, (moved / size) ** 0.5


@pytest.mark.parametrize("stack", [True, False], ids=["stacked", "functional"])
@pytest.mark.parametrize(("dataset", "optimizer", "criterion"), CASES, ids=str)
def test_training_equals_a_plain_loop(
    stack: bool, dataset: Dataset, optimizer: Optimizer, criterion: Criterion
) -> None:
    model = ShallowNet("tanh", "all", True) if stack else BareShallow("tanh", "all", True)
    regime = Regime("several", model, LeCun(), optimizer, criterion)
    steps, tolerances = 600, (0.9, 0.6, 0.4, 0.2)
    where = setting(regime, dataset=dataset, dtype="float64", steps=steps, tolerances=tolerances)
    outcomes = train(where, CELL, range(3))
    assert {outcome.solver for outcome in outcomes} == {
        ("stacked" if unavailable("float64", source="stack") else "fused-stack") if stack else "functional"
    }
    assert any(outcome.hits[0] is not None for outcome in outcomes)
    for outcome in outcomes:
        hits, measure, moved = loop(regime, dataset, outcome, steps, tolerances)
        assert list(outcome.hits) == hits
        assert outcome.measure == pytest.approx(measure, rel=1e-8)
        if hits[-1] is None:  # others go on to the end of a chunk
            assert outcome.movement == pytest.approx(moved, rel=1e-8)


@pytest.mark.parametrize("train_layers", ["hidden", "output", "all"])
def test_the_closed_form_of_several_outputs_moves_the_weights_that_a_plain_loop_moves(train_layers: str) -> None:
    outcomes = []
    for model in (ShallowNet("tanh", train_layers, True), BareShallow("tanh", train_layers, True)):  # type: ignore[arg-type]  # a name among the literals
        regime = Regime("several", model, LeCun(), Momentum(step_size=0.01, beta=0.5), Quadratic())
        where = setting(regime, dataset=VALUES, dtype="float64", steps=50, tolerances=(1e-9,))
        outcomes.append(train(where, CELL, range(3)))
    for ours, theirs in zip(*outcomes, strict=True):
        assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)


def test_trials_of_several_outputs_do_not_depend_on_the_others() -> None:
    regime = Regime("several", ShallowNet("tanh", "all"), LeCun(), GradientDescent(c=0.5), Quadratic())
    where = setting(regime, dataset=CLASSES, steps=60)
    together = train(where, CELL, range(7))
    for outcome in together:
        (alone,) = train(where, CELL, [outcome.seed])
        assert replace(alone, seconds=0.0) == replace(outcome, seconds=0.0)


def test_the_stable_step_of_several_outputs_is_that_of_the_whole_kernel() -> None:
    model = ShallowNet("tanh", "all", True)
    problem = draw_problem(VALUES, 8, 4, seed=0, base=1)
    weights = draw_weights(LeCun(), model, problem, 6, seed=0, base=1)
    params = {name: torch.from_numpy(value) for name, value in weights.items()}
    x = torch.from_numpy(problem.x)
    jacobian = torch.func.jacrev(lambda moved: model.forward(moved, x))(params)
    whole = torch.cat([part.reshape(16, -1) for part in jacobian.values()], dim=1)
    kernel = whole @ whole.mT
    assert largest_of_several(model, params, x) == pytest.approx(float(torch.linalg.eigvalsh(kernel)[-1]), rel=1e-6)
    blocks = [float(torch.linalg.eigvalsh(kernel[2 * i : 2 * i + 2, 2 * i : 2 * i + 2])[-1]) for i in range(8)]
    assert largest_block(model, params, x) == pytest.approx(max(blocks), rel=1e-9)


def test_solvers_of_one_output_say_so() -> None:
    regime = Regime("several", ShallowNet("tanh"), LeCun(), GradientDescent(), Quadratic())
    reasons = refusals(regime, "float32", "cpu", shipped(), 2)
    assert "stacked" not in reasons
    assert {name for name, reason in reasons.items() if "one output, not of 2" in reason} >= {"fused", "spectral"}
    assert choose(regime, "float32", "cpu", q=2).name in ("fused-stack", "stacked")
