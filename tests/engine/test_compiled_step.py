"""Compiled steps: the numbers of eager ones, the same in any company, and never eager unsaid."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import torch

from harness import Cell, ModuleDefault, Outcome, Params, Regime
from harness.builtin.optimizers import StochasticGradientDescent
from harness.engine import compiled_step
from harness.engine.compiled_step import CompiledStep, NotCompiled, strict
from harness.engine.setting import Setting
from harness.engine.solvers import choose, choose_again
from harness.engine.solvers.torch_compiled import COMPILE_PAYS, uncompiled
from harness.engine.trial import prepare
from harness.engine.work import train
from tests.engine.cases import CASES, Nesterov, bare, setting
from tests.engine.modules import MODULE, WRITTEN, TwoHidden, Written

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(bool(compiled_step.missing("cpu")), reason="there is no compiler here")

MOMENTUM = CASES["relu momentum"].optimizer
SGD = StochasticGradientDescent(c=0.5, batch=6)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trace and guard, but leave out the compiler proper, which takes seconds."""
    monkeypatch.setattr(compiled_step, "BACKEND", "eager")
    monkeypatch.setattr(compiled_step, "_known", {})


@pytest.mark.usefixtures("traced")
def test_a_module_whose_layers_draw_weights_as_they_are_made_is_compiled() -> None:
    regime = replace(MODULE, model=TwoHidden(), initializer=ModuleDefault())
    assert uncompiled(regime, "float64", "cpu") == ""


def both(regime: Regime, cell: Cell, seeds: int = 4, **options: object) -> list[tuple[Outcome, Outcome]]:
    ways = [
        train(setting(regime, solver=name, **options), cell, range(seeds)) for name in ("torch-compiled", "functional")
    ]
    for name, outcomes in zip(("torch-compiled", "functional"), ways, strict=True):
        assert [o.message for o in outcomes] == [""] * seeds
        assert {o.solver for o in outcomes} == {name}
    return list(zip(*ways, strict=True))


def plain_loop(where: Setting, cell: Cell, seed: int) -> list[int | None]:
    """Return the first step below each tolerance by a loop of torch's own, float64."""
    trial = prepare(where, cell.n, cell.d, cell.k, seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(cell.d, cell.k),
        torch.nn.Tanh(),
        torch.nn.Linear(cell.k, cell.k),
        torch.nn.Softplus(),
        torch.nn.Linear(cell.k, 1),
    ).double()
    net.load_state_dict(trial.params)
    x, y = torch.from_numpy(trial.problem.x), torch.from_numpy(trial.problem.y)
    method = torch.optim.SGD(net.parameters(), lr=trial.step_size)
    hits: list[int | None] = [None] * len(where.tolerances)
    for step in range(where.steps + 1):
        method.zero_grad()
        residual = net(x)[:, 0] - y
        relative = float(residual.detach().norm() / y.norm())
        hits = [step if hit is None and relative <= t else hit for hit, t in zip(hits, where.tolerances, strict=True)]
        (0.5 * (residual**2).sum()).backward()
        method.step()
    return hits


def test_a_compiled_module_takes_the_steps_of_a_plain_loop() -> None:
    """The compiler itself, in double precision, at sizes that one graph serves; and in company of any kind."""
    options: dict[str, Any] = {"dtype": "float64", "steps": 120, "tolerances": (0.95, 0.9, 0.8, 1e-3)}
    hits: list[int | None] = []
    for cell in (Cell("", 20, 5, 8), Cell("", 31, 7, 3), Cell("", 6, 6, 6)):
        for ours, theirs in both(MODULE, cell, **options):
            assert ours.hits == theirs.hits
            hits += ours.hits
            assert list(ours.hits) == plain_loop(setting(MODULE, **options), cell, ours.seed)
            assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
            assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
    assert sum(hit is not None for hit in hits) > 12
    step = compiled_step.compiled_step(MODULE, "float64", "cpu")
    assert len(set(step._chosen.values())) == 1
    where, cell = setting(MODULE, solver="torch-compiled", **options), Cell("", 20, 5, 8)
    together = train(where, cell, range(20))
    for company in ([3], [19, 3], [7, 11, 2, 5, 18]):
        assert train(where, cell, company) == [together[seed] for seed in company]


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "regime",
    [
        replace(WRITTEN, optimizer=MOMENTUM),
        replace(MODULE, optimizer=SGD),
        replace(CASES["huber"], optimizer=Nesterov()),
    ],
    ids=lambda r: r.name,
)
def test_every_kind_of_step(regime: Regime) -> None:
    """Products written out, momentum, minibatches, an update of its own, a criterion that is not of the residual."""
    shallow = regime.model.describe().shallow
    plain = bare(regime) if shallow else regime
    for ours, theirs in both(plain, Cell("", 20, 5, 8), dtype="float64", steps=60, tolerances=(0.95, 0.9, 0.8)):
        assert ours.hits == theirs.hits
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
        assert ours.steps == theirs.steps


@pytest.mark.usefixtures("traced")
def test_a_step_too_large_diverges_when_it_does_eagerly() -> None:
    regime = replace(WRITTEN, optimizer=replace(WRITTEN.optimizer, c=60.0))
    pairs = both(regime, Cell("", 20, 5, 8), dtype="float64", steps=200, tolerances=(1e-9,))
    assert any(ours.diverged for ours, _ in pairs)
    assert all(ours.diverged == theirs.diverged and ours.steps == theirs.steps for ours, theirs in pairs)


@pytest.mark.usefixtures("traced")
def test_sizes_of_one_and_sizes_beyond_a_graph_get_their_own() -> None:
    @dataclass(frozen=True)
    class Branching(Written):
        """Another path for wide nets."""

        def forward(self, params: Params, x: Tensor) -> Tensor:
            found = super().forward(params, x)
            return found if params["0.bias"].shape[0] < 12 else 1.0 * found

    regime = replace(WRITTEN, model=Branching())
    for cell in [Cell("", 9, 4, 5), Cell("", 9, 4, 1), Cell("", 8, 3, 12), Cell("", 8, 3, 13)]:
        for ours, theirs in both(regime, cell, seeds=2, dtype="float64", steps=30):
            assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
    step = compiled_step.compiled_step(regime, "float64", "cpu")
    graphs = step._chosen
    general = graphs[9, 4, 5]
    assert general not in (graphs[9, 4, 1], graphs[8, 3, 12], graphs[8, 3, 13])
    assert graphs[8, 3, 12] is not graphs[8, 3, 13]  # made for exactly these sizes
    assert set(step._general) == {(False, False, False), (False, False, True)}


@pytest.mark.usefixtures("traced")
def test_a_graph_is_never_recompiled_and_the_limit_never_passed_in_silence() -> None:
    from torch._dynamo.exc import RecompileError

    step = CompiledStep(WRITTEN, torch.float64, "cpu")
    general = step._general[False, False, False]
    assert general is not None
    narrow = step._example((False, False, True))
    with strict(), pytest.raises(RecompileError):
        general(*narrow)
    # Even without that rule: the limit, passed, is an error and not an eager run.
    name = "recompile_limit" if hasattr(torch._dynamo.config, "recompile_limit") else "cache_size_limit"
    with (
        strict(),
        torch._dynamo.config.patch({name: 1, "error_on_recompile": False, "fail_on_recompile_limit_hit": False}),
        pytest.raises(Exception, match=r"without compiling it|limit|fullgraph"),
    ):
        general(*narrow)


@dataclass(frozen=True)
class Peeking(Written):
    """Looks at a number, which cannot be traced."""

    name: ClassVar[str] = "peeking"

    def forward(self, params: Params, x: Tensor) -> Tensor:
        found = super().forward(params, x)
        torch._dynamo.graph_break()
        return found


def without_compiler(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shutil, "which", lambda _: None)


def forbidden(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HARNESS_COMPILE", "0")


def disabled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(torch, "compile", lambda function, **_: function)  # as its environment variables do


def wrong(patch: pytest.MonkeyPatch) -> None:
    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        return lambda *given: tuple(1.01 * value for value in graph(*given))

    patch.setattr(compiled_step, "BACKEND", backend)


def breaking(patch: pytest.MonkeyPatch) -> None:
    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        raise RuntimeError("no room")

    patch.setattr(compiled_step, "BACKEND", backend)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("regime", "spoil", "said"),
    [
        (WRITTEN, without_compiler, "no C\\+\\+ compiler"),
        (WRITTEN, forbidden, "HARNESS_COMPILE=0"),
        (WRITTEN, disabled, "without compiling"),
        (WRITTEN, wrong, "something else than the eager one"),
        (WRITTEN, breaking, "no room"),
        (replace(WRITTEN, model=Peeking()), lambda _: None, "Unsupported"),
    ],
    ids=["compiler", "forbidden", "disabled", "wrong", "breaking", "untraceable"],
)
def test_what_cannot_be_compiled_runs_eagerly_and_the_reason_is_known(
    regime: Regime, spoil: Callable[[pytest.MonkeyPatch], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    with pytest.raises(NotCompiled, match=said):
        compiled_step.compiled_step(regime, "float32", "cpu")
    assert uncompiled(regime, "float32", "cpu")
    assert choose(regime, "float32", "cpu", ahead=1e12).name == "functional"
    # Trials that were promised compiled steps are not given others.
    (outcome,) = train(setting(regime, solver="torch-compiled", steps=5), Cell("", 9, 4, 5), [0])
    assert outcome.message.startswith("NotCompiled")


@pytest.mark.usefixtures("traced")
def test_compiling_is_chosen_where_it_pays_and_kept_where_it_was() -> None:
    for ahead, expected in ((0.0, "functional"), (COMPILE_PAYS - 1, "functional"), (COMPILE_PAYS, "torch-compiled")):
        assert choose(WRITTEN, "float32", "cpu", ahead).name == expected
        assert choose_again(WRITTEN, "float32", "cpu", None, ahead).name == expected
        assert choose_again(WRITTEN, "float32", "cpu", "functional", ahead).name == "functional"
        assert choose_again(WRITTEN, "float32", "cpu", "compiled", ahead).name == "torch-compiled"  # as it was stored
    assert choose(CASES["softplus"], "float32", "cpu", ahead=1e12).name in ("fused", "stacked")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outcomes_do_not_depend_on_the_sizes_trained_before(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [Cell("", 34, 6, 10), Cell("", 9, 4, 1), Cell("", 64, 32, 40), Cell("", 50, 1, 5), Cell("", 120, 20, 7)]
    found = []
    for order in (cells, cells[::-1]):
        monkeypatch.setattr(compiled_step, "_known", {})
        torch._dynamo.reset()
        where = setting(MODULE, dtype=dtype, solver="torch-compiled", steps=100)
        found.append({cell: train(where, cell, range(3)) for cell in order})
    assert found[0] == found[1]
    assert not any(o.message for outcomes in found[0].values() for o in outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["softplus", "tanh all biases", "nesterov", "log-cosh"])
def test_compiled_forward_alone_gives_the_same_as_the_closed_form(name: str, device: str) -> None:
    closed = CASES[name]
    plain = bare(closed)
    options = {"device": device, "dtype": "float64", "steps": 300}
    ways = [train(setting(closed, **options), Cell("", 30, 6, 10), range(5))]
    ways.append(train(setting(plain, solver="torch-compiled", **options), Cell("", 30, 6, 10), range(5)))
    for ours, theirs in zip(*ways, strict=True):
        assert not ours.message + theirs.message
        assert ours.hits == theirs.hits
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-6)
