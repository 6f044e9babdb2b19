"""The GPU solver against the compiled kernel and NumPy: on a CUDA device, or in Triton's interpreter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

pytest.importorskip("tests.interpreter")

from harness import Diagnostic, Network
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, PairedBalls, Params, Regime, ShallowForm, Trained
from harness.components.executor import Batch, BatchFailed
from harness.components.progress import Course
from harness.engine.descent import ShallowTrial
from harness.engine.fused.at_hand import unavailable
from harness.engine.gpu import launch, tiling
from harness.engine.gpu import solver as gpu
from harness.engine.gpu.fleet import Family, Fleet
from harness.engine.gpu.large import Large
from harness.engine.gpu.tiling import RESIDENT_SAMPLES, Tiling
from harness.engine.setting import Setting
from harness.engine.solvers import choose
from harness.engine.solvers.fused import Fused
from harness.engine.solvers.fused_gpu import FusedGpu, gpu_unavailable
from harness.engine.trial import prepare
from harness.engine.work import train
from harness.executors.pooled import Pooled
from harness.mathematics.activations import ACTIVATIONS
from harness.plugin_host.registry import Registry
from tests.engine.cases import CASES, setting

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RESIDENT = [(7, 3, 2), (33, 5, 17), (40, 1, 1)]
STREAMED = [(RESIDENT_SAMPLES + 1, 2, 3), (65, 41, 67), (131, 37, 33)]
"""More samples, or more n·d·k, than stay resident; primes, and above every side of a tile."""
ALONE = [(1, 1, 1)]
TRAINED: tuple[Trained, ...] = ("hidden", "output", "all")


@pytest.fixture(params=["kernel", "library"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How networks are trained: by the kernels, or all of them as large ones are."""
    if request.param == "library":
        monkeypatch.setattr(tiling, "LARGE", 0)
    name: str = request.param
    return name


def net(where: Setting, size: tuple[int, int, int], seed: int = 0) -> ShallowTrial:
    form = where.regime.model.shallow_form()
    assert form is not None
    return ShallowTrial.of(where.regime, where.budget, prepare(where, *size, seed), form)


def solve(nets: list[ShallowTrial], chunk: int = launch.CHUNK) -> list[tuple[Course, Params]]:
    found = dict(gpu.train_all(nets, [None] * len(nets), DEVICE, chunk))
    ends = [(net, found[place]) for place, net in enumerate(nets)]
    return [(net.course(end), net.params(end.w, end.v, end.c)) for net, end in ends]


def reference(of: ShallowTrial) -> tuple[list[int | None], list[float], dict[str, np.ndarray]]:
    """Train in NumPy, in float64: hits, the residual norm before each step, and the last W (with b), v, c."""
    descent, phi = of.descent, of.descent.activation
    w, v, c = of.w.astype(float), of.v.astype(float), float(of.c or 0.0)
    moves: list[Any] = [np.zeros_like(w), np.zeros_like(v), 0.0]
    hits: list[int | None] = [None] * len(descent.norms)
    norms: list[float] = []
    for step in range(descent.steps + 1):
        z = of.x @ w.T
        r = phi.phi(z) @ v + c - of.labels
        norms.append(float(np.linalg.norm(r)))
        for i, norm in enumerate(descent.norms):
            if hits[i] is None and norms[-1] <= norm:
                hits[i] = step
        if hits[-1] is not None or not norms[-1] < descent.diverged or step == descent.steps:
            break
        gradients = ((phi.dphi(z) * np.outer(r, v)).T @ of.x, phi.phi(z).T @ r, r.sum())
        trains = descent.hidden, descent.output, descent.output and of.c is not None
        moves = [
            descent.momentum * move - descent.step_size * gradient if moved else move
            for move, gradient, moved in zip(moves, gradients, trains, strict=True)
        ]
        w, v, c = w + moves[0], v + moves[1], c + float(moves[2])
    return hits, norms, {"w": w, "v": v, "c": np.array(c)}


def agrees(of: ShallowTrial, outcome: Course, after: Params, rtol: float) -> None:
    hits, norms, weights = reference(of)
    assert list(outcome.hits) == hits
    assert outcome.steps == len(norms) - 1
    y = float(np.linalg.norm(of.trial.problem.y))
    assert outcome.measure == pytest.approx(norms[-1] * of.form.scale / y, rel=rtol)
    marks = [norms[mark] * of.form.scale / y for mark in of.descent.marks if mark <= outcome.steps]
    np.testing.assert_allclose(outcome.curve, marks, rtol=max(1e-3, rtol))
    d = of.trial.problem.d
    np.testing.assert_allclose(after["W"], weights["w"][:, :d], rtol=rtol, atol=rtol)
    np.testing.assert_allclose(after["v"], weights["v"], rtol=rtol, atol=rtol)
    if of.c is not None:
        np.testing.assert_allclose(after["b"], weights["w"][:, d], rtol=rtol, atol=rtol)
        np.testing.assert_allclose(after["c"], weights["c"], rtol=rtol, atol=rtol)


def regime(activation: str, trains: Trained, beta: float, biases: bool) -> Regime:
    optimizer = Momentum(step_size=0.02, beta=beta) if beta else GradientDescent(step_size=0.02)
    return Regime("r", ShallowNet(activation, trains, biases), LeCun(), optimizer, Quadratic())


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.usefixtures("path")
def test_trains_as_a_plain_float64_loop(activation: str, dtype: str, rtol: float) -> None:
    """All activations, trained layers, with and without momentum and biases; sizes resident and streamed, at once."""
    for i, trains in enumerate(TRAINED):
        of = regime(activation, trains, beta=(0.0, 0.8, 0.5)[i], biases=trains != "hidden")
        where = setting(of, dtype=dtype, steps=4, tolerances=(1e-9,), spectrum=False)
        nets = [net(where, size) for size in (RESIDENT[1], STREAMED[1])]
        for one, (outcome, after) in zip(nets, solve(nets), strict=True):
            agrees(one, outcome, after, rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("size", [*RESIDENT, *STREAMED, *ALONE])
def test_sizes(size: tuple[int, int, int], dtype: str, rtol: float) -> None:
    where = setting(regime("tanh", "all", 0.6, True), dtype=dtype, steps=5, tolerances=(1e-9,), spectrum=False)
    double = dtype == "float64"
    assert Tiling.of(size[0], size[1] + 1, size[2], double=double).resident == (size not in STREAMED)
    [(outcome, after)] = solve([one := net(where, size)])
    agrees(one, outcome, after, rtol)


@pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
@pytest.mark.parametrize("name", ["softplus", "relu momentum", "tanh all biases"])
@pytest.mark.usefixtures("path")
def test_outcomes_are_those_of_the_compiled_kernel(name: str) -> None:
    """Hits, rate, falling and movement of whole outcomes, to the end of the budget and before."""
    where = setting(CASES[name], dtype="float64", steps=76, tolerances=(0.9, 0.5, 1e-3))
    trials = [prepare(where, 20, 10, k, seed) for seed, k in enumerate((3, 9))]
    theirs = Fused().train(where.regime, trials, where.budget)
    where = replace(where, device=DEVICE)
    ours = FusedGpu().train(where.regime, trials, where.budget)
    assert any(outcome.rate for outcome in ours)
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.hits, mine.steps, mine.falling) == (other.hits, other.steps, other.falling)
        assert mine.measure == pytest.approx(other.measure, rel=1e-8)
        assert (mine.rate is None) == (other.rate is None)
        if other.rate is not None:  # of runs of fewer than three points of the history there is none
            assert mine.rate == pytest.approx(other.rate, rel=1e-8)
        assert mine.movement == pytest.approx(other.movement, rel=1e-10)
        assert mine.curve == pytest.approx(other.curve, rel=1e-3)


@pytest.mark.parametrize("size", [(20, 6, 9), (RESIDENT_SAMPLES + 4, 4, 5)])
@pytest.mark.usefixtures("path")
def test_outcome_depends_neither_on_the_company_nor_on_the_chunk(size: tuple[int, int, int]) -> None:
    where = setting(CASES["relu momentum"], steps=6, tolerances=(0.9, 0.5))
    nets = [net(where, size, seed) for seed in (0, 1, 2)]
    others = [net(where, other, 5) for other in (RESIDENT[0], (RESIDENT_SAMPLES + 9, 3, 2))]
    alone = [solve([one]) for one in nets]
    mixed = solve([others[0], nets[2], nets[0], others[1], nets[1]])
    assert [alone[i][0][0] for i in (2, 0, 1)] == [mixed[i][0] for i in (1, 2, 4)]
    for chunk in (1, 4) if size[0] < RESIDENT_SAMPLES else (2,):
        for (outcome, after), [(expected, weights)] in zip(solve(nets, chunk), alone, strict=True):
            assert outcome == expected
            assert all(torch.equal(after[name], weights[name]) for name in weights)


def test_networks_of_different_sizes_share_a_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    where = setting(CASES["softplus"], steps=2, tolerances=(1e-9,))
    nets = [net(where, size) for size in ((17, 3, 9), (25, 5, 12), (32, 16, 16))]
    assert len({Family.of(one) for one in nets}) == 1
    launched: list[int] = []
    advance = Fleet.advance

    def counted(fleet: Fleet, until: NDArray[np.int64]) -> None:
        launched.append(len(until))
        advance(fleet, until)

    monkeypatch.setattr(Fleet, "advance", counted)
    solve(nets)
    assert launched == [3]
    launched.clear()
    monkeypatch.setattr(gpu, "MOST_BYTES", 1)  # each by itself
    solve(nets)
    assert launched == [1, 1, 1]


def test_launches_are_short_whatever_their_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the estimate no launch is longer than a second, or it has one step; shorter ones change no bit."""
    for n, d, k in ((1, 1, 1), (200, 20, 10), (2000, 100, 100), (5000, 784, 300)):
        for double in (False, True):
            size = int(np.prod(Tiling.of(n, d, k, double=double).padded(n, d, k)))
            rate = launch.DOUBLE_RATE if double else launch.RATE
            for programs in (1, 100, 101, 10_000):
                steps = launch.steps_of_program(size, programs, 100, double=double)
                assert 1 <= steps <= launch.CHUNK
                assert steps == 1 or steps * 2 * size / rate * -(-programs // 100) <= launch.SECONDS
    where = setting(CASES["softplus"], steps=7, tolerances=(1e-9,))
    nets = [net(where, size) for size in ((17, 3, 2), (40, 30, 2))]
    whole = solve(nets)
    taken: list[int] = []
    for fleet in (Fleet, Large):
        advance = fleet.advance

        def counted(self: Any, until: NDArray[np.int64], advance: Any = advance) -> None:
            taken.append(int((until - self.steps).max()))
            advance(self, until)

        monkeypatch.setattr(fleet, "advance", counted)
    monkeypatch.setattr(launch, "SECONDS", 3 * 2 * 2 * 32 * 16 * 8 / launch.RATE)
    assert [outcome for outcome, _ in solve(nets)] == [outcome for outcome, _ in whole]
    assert sorted(taken) == [1] * 8 + [6, 6]  # of both networks, which are in flight at the same time
    taken.clear()
    monkeypatch.setattr(tiling, "LARGE", 0)
    monkeypatch.setattr(launch, "SECONDS", 3 * 2 * 40 * 30 * 2 / launch.PRODUCT_RATE)
    assert [outcome.hits for outcome, _ in solve(nets)] == [outcome.hits for outcome, _ in whole]
    assert taken.count(3) == 3


@pytest.mark.usefixtures("path")
def test_a_step_too_large_diverges_at_the_same_step() -> None:
    where = setting(replace(CASES["softplus"], optimizer=GradientDescent(c=40.0)), steps=60, tolerances=(1e-9,))
    for size in ((20, 5, 6), (RESIDENT_SAMPLES + 4, 5, 6)):
        one = net(replace(where, dtype="float64"), size)
        [(outcome, _)] = solve([one])
        assert outcome.diverged
        assert outcome.steps == len(reference(one)[1]) - 1 < 60
        [(single, _)] = solve([net(where, size)])
        assert single.diverged


@pytest.mark.usefixtures("path")
def test_several_rungs_at_once_and_at_the_start() -> None:
    where = setting(CASES["softplus"], dtype="float64", steps=40, tolerances=(1e3, 1e2, 0.9, 0.89999))
    one = net(where, (12, 9, 8))
    [(outcome, _)] = solve([one])
    assert outcome.hits[:2] == (0, 0)
    assert list(outcome.hits) == reference(one)[0]
    assert outcome.hits[-1] == outcome.steps > 0
    met = setting(CASES["softplus"], steps=40, tolerances=(1e3,))
    [(outcome, _)] = solve([net(met, (12, 9, 8))])
    assert (outcome.hits, outcome.steps) == ((0,), 0)


@pytest.mark.usefixtures("path")
def test_scaled_and_centred_nets() -> None:
    @dataclass(frozen=True)
    class Lazy(ShallowNet):
        def shallow_form(self) -> ShallowForm:
            return replace(super().shallow_form(), scale=3.0, centred=True)

        def loss_weight(self) -> float:
            return 1.0 / 9.0

    of = replace(CASES["softplus"], model=Lazy("tanh", "all", True), optimizer=GradientDescent(step_size=0.01))
    where = setting(of, dtype="float64", steps=9, tolerances=(1e-9,), spectrum=False)
    one = net(where, (11, 4, 5))
    [(outcome, after)] = solve([one])
    assert outcome.curve[0] == pytest.approx(1.0, rel=1e-15)  # f = 0 at the start
    agrees(one, outcome, after, 1e-12)


@pytest.mark.usefixtures("path")
def test_networks_are_seen_on_their_way() -> None:
    @dataclass(frozen=True)
    class Step(Diagnostic):
        name: ClassVar[str] = "step"
        summary: ClassVar[Literal["first", "last", "min", "max"]] = "max"

        def measure(self, network: Network) -> float:
            seen.append((network.step, float(network.params["W"].norm())))
            return float(network.step)

    seen: list[tuple[int, float]] = []
    where = setting(CASES["softplus"], dtype="float64", device=DEVICE, steps=25, tolerances=(1e-9,))
    trial = prepare(where, 9, 4, 3, 0)
    [plain] = FusedGpu().train(where.regime, [trial], where.budget)
    watched = replace(where, regime=replace(where.regime, diagnostics=(Step(),)))
    [outcome] = FusedGpu().train(watched.regime, [trial], watched.budget)
    assert [step for step, _ in seen] == [0, 1, 2, 5, 10, 20, 25]
    assert outcome.diagnostics == {"step": 25.0}
    assert replace(outcome, diagnostics={}) == plain
    five = net(replace(where, steps=5), (9, 4, 3))
    assert seen[3][1] == pytest.approx(np.linalg.norm(reference(five)[2]["w"]), rel=1e-12)


def test_batches_are_pooled(registry: Registry) -> None:
    """Batches of several cells in the same launches have the outcomes that each has by itself; a bad one its own."""
    plain = setting(CASES["relu momentum"], device=DEVICE, steps=12, tolerances=(0.5,), solver="fused-gpu")
    theory = replace(plain.regime, optimizer=GradientDescent(step_size="theory"))
    data, bad = plain.data(registry), replace(plain, regime=theory).data(registry)
    batches = [Batch(Cell("relu", 15, d, k), (0, 1), data, "key") for d, k in ((3, 4), (6, 20))]
    alone = [train(plain, batch.cell, batch.seeds) for batch in batches]
    assert {(outcome.solver, outcome.message) for outcomes in alone for outcome in outcomes} == {("fused-gpu", "")}
    failing = Batch(Cell("relu", 15, 3, 4), (7,), bad, "bad")
    with Pooled() as pool:
        for batch in (*batches, failing):
            pool.submit(batch)
        found, faults = [], []
        for _ in range(3):
            try:
                found.append(pool.next_done())
            except BatchFailed as failed:
                faults.append(failed)
        with pytest.raises(RuntimeError, match="no batch"):
            pool.next_done()
    assert found == list(zip(batches, alone, strict=True))
    assert [fault.batch for fault in faults] == [failing]
    assert "theory" in faults[0].fault.message


def test_which_regimes_it_takes() -> None:
    solver = FusedGpu()
    assert not solver.refuses(CASES["softplus"])
    assert not solver.refuses(CASES["relu momentum"])
    assert "full batches" in solver.refuses(CASES["silu sgd"])
    assert "no plain shallow net" in solver.refuses(CASES["deep"])
    assert "residual norm" in solver.refuses(CASES["huber"])
    assert "update of its own" in solver.refuses(CASES["nesterov"])

    @dataclass(frozen=True)
    class Projected(GradientDescent):
        def constraint(self) -> PairedBalls:
            return PairedBalls(1.0, 0.1, 2.0)

    projected = replace(CASES["softplus"], optimizer=Projected())
    assert not Fused().refuses(projected)
    assert "constrains the weights" in solver.refuses(projected)


def test_which_solver_trains_on_a_gpu() -> None:
    reason = gpu_unavailable()
    assert bool(reason) == (DEVICE == "cpu")
    expected = "stacked" if reason else "fused-gpu"
    assert choose(CASES["softplus"], "float32", "cuda").name == expected
    assert "runs on cuda, not on cpu" in FusedGpu().why_not(CASES["softplus"], "float32", "cpu")


def test_tiling_is_a_function_of_the_shape() -> None:
    assert Tiling.of(1, 1, 1, double=False).padded(1, 1, 1) == (16, 16, 8)
    large = Tiling.of(2000, 100, 100, double=True)
    assert not large.resident
    assert large.padded(2000, 100, 100) == (2048, 128, 128)
    for sizes in ((5, 2000, 20), (RESIDENT_SAMPLES + 1, 1, 1), (200, 64, 64)):
        assert not Tiling.of(*sizes, double=False).resident
