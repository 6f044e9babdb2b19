"""The benchmarks run, and what they compare does the same work; how fast it is is not a test's business."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import check, grid, hardware, jax_methods, memory, page, scaling, set_up, speed
from benchmarks import method as module_of_method
from benchmarks.__main__ import main
from benchmarks.case import Case
from benchmarks.engine_solver import EngineSolver
from benchmarks.jax_loop import JaxLoop, missing
from benchmarks.method import Method
from benchmarks.method_tables import description
from benchmarks.plain_loop import Descent, train
from benchmarks.power_law import fit
from benchmarks.starts import processor_seconds
from benchmarks.timing import Slope, Variant
from benchmarks.vmap_loop import VmapLoop
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Cell, Outcome
from harness.driver.threshold_searches import threshold_searches
from harness.engine import spectral
from harness.engine.fused.compiler import NoKernel
from harness.engine.trial import prepare
from harness.engine.work import train as engine_train
from harness.executors.local import Local
from harness.statistics.search import Grid
from harness.suite import load_suite

SIZE = (24, 4, 5)
STEPS = 20
KEPT = sorted(file.stem for file in page.MEASURED.glob("*.json"))
"""Commands whose figures are kept for the page."""


@pytest.mark.parametrize("exponent", [1.0, 2.0, 0.5])
def test_a_power_law_gives_its_exponent(exponent: float) -> None:
    x = scaling.spaced(10, 7)
    exact = fit(x, [3.0 * size**exponent for size in x])
    assert exact.exponent == pytest.approx(exponent, abs=1e-9)
    assert exact.error == pytest.approx(0.0, abs=1e-6)


def test_the_standard_error_of_an_exponent_is_that_of_a_regression() -> None:
    from scipy.stats import linregress

    x, y = [1.0, 4.0, 20.0, 90.0], [2.0, 9.5, 35.0, 220.0]
    found, expected = fit(x, y), linregress(np.log(x), np.log(y))
    assert found.exponent == pytest.approx(expected.slope)
    assert found.error == pytest.approx(expected.stderr)
    assert math.isnan(fit(x[:2], y[:2]).error)
    with pytest.raises(ValueError, match="two sizes"):
        fit([3.0, 3.0], [1.0, 2.0])


def test_sizes_span_two_decades() -> None:
    assert [scaling.spaced(5, 7)[i] for i in (0, -1)] == [5, 500]


def test_what_grows_is_trained_for_all_its_steps() -> None:
    found = scaling.sweeps("cpu", "float32", scaling.QUICK, Local(1))
    assert [sweep.name for sweep in found] == ["n", "d", "k", "steps", "trials", "cells", "n, set-up of a trial"]
    for sweep in found:
        if sweep.name != "cells":  # needs a worker
            sweep.action(sweep.sizes[0])  # raises if a network stops early


class Pretended(Variant):
    """Counts steps, and takes no time worth the name."""

    networks = 3

    def __init__(self) -> None:
        self.taken = 0

    def run(self, steps: int) -> None:
        self.taken += steps
        torch.zeros(steps * 1000).exp_()


def test_a_slope_is_positive_and_warms_up() -> None:
    variant = Pretended()
    slope = Slope.calibrated(variant, 1e-3)
    assert variant.taken > slope.extra > 0
    assert slope.measure() > 0


@pytest.mark.parametrize("activation", speed.ACTIVATIONS)
def test_everything_that_is_compared_takes_the_same_steps(activation: str) -> None:
    case = Case(SIZE, activation, "float64")
    trials = case.trials(3)
    plain = [train(trial, Descent(activation, STEPS, dtype=torch.float64)) for trial in trials]
    outcomes = engine_train(case.setting(ShallowNet(activation), STEPS), Cell("bench", *SIZE), range(3))
    for trial, found, outcome in zip(trials, plain, outcomes, strict=True):
        assert found.steps == outcome.steps == STEPS
        assert found.norm / np.linalg.norm(trial.problem.y) == pytest.approx(outcome.measure, rel=1e-12)
        assert not torch.equal(found.w, trial.params["W"])
    vmapped = VmapLoop(case, trials)
    vmapped.run(STEPS)
    for lane, found in enumerate(plain):
        torch.testing.assert_close(vmapped.w[lane], found.w, rtol=1e-12, atol=1e-14)


@pytest.mark.skipif(bool(missing("cpu")), reason=missing("cpu"))
@pytest.mark.parametrize("layout", ["nk", "kn"])
def test_jax_takes_the_same_steps(layout: str) -> None:
    case = Case(SIZE, "tanh", "float32")
    trials = case.trials(2)
    jax = JaxLoop(case, trials, "nk" if layout == "nk" else "kn")
    jax.run(5)
    jax.run(STEPS - 5)
    for lane, trial in enumerate(trials):
        found = train(trial, Descent("tanh", STEPS)).w
        np.testing.assert_allclose(np.asarray(jax.w[lane]), found.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(bool(missing("cpu")), reason=missing("cpu"))
@pytest.mark.parametrize(
    "method",
    [
        Method((24, 4, 5), "softplus", 3, None, "squares", "all", dtype="float64"),
        Method((24, 4, 5), "relu", 3, None, "logistic", "all", dtype="float64"),
        Method((24, 4, 5), "relu", 3, None, "classes", "all", dtype="float64"),
        Method((24, 4, 5), "gelu", layers="all", momentum=0.9, dtype="float64"),
        Method((24, 4, 5), "softplus", batch=24, dtype="float64"),
    ],
    ids=description,
)
def test_methods_are_the_same_in_jax(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_of_method, "STEP", 1e-2)
    monkeypatch.setattr(jax_methods, "STEP", 1e-2)
    draws = jax_methods.Draws(method)
    draws.draw(STEPS + 1)
    outcomes = engine_train(method.setting(STEPS, method.solver), Cell("bench", *method.size), range(method.networks))
    for layout in ("nk", "kn"):
        jax = jax_methods.JaxMethod(method, draws, layout)
        (w, v), *_ = jax.run(STEPS)
        one = replace(method, batch=None)
        whole = jax_methods.JaxMethod(one, jax_methods.Draws(one), layout)
        for lane, outcome in enumerate(outcomes):
            loss = float(whole._loss((w[lane], v[lane]), *(data[lane] for data in jax.data)))
            labels = float((np.asarray(jax.data[1][lane]) ** 2).sum())
            expected = (2 * loss / labels) ** 0.5 if method.loss == "squares" else loss / method.size[0]
            assert outcome.measure == pytest.approx(expected, rel=1e-9)


def test_the_way_before_gives_the_same_step() -> None:
    for n in (40, 200):
        case = Case((n, 20, 10), "softplus", "float64")
        setting = case.setting(ShallowNet(), 1)
        setting = replace(setting, regime=replace(setting.regime, optimizer=GradientDescent()), spectrum=True)
        now = prepare(setting, *case.size, 0)
        assert now.kernel is not None
        values, weight = spectral.spectral_measure(now.kernel, now.problem.y)
        with set_up.the_way_before():
            before = prepare(setting, *case.size, 0)
            expected = spectral.spectral_measure(now.kernel, now.problem.y)
        np.testing.assert_allclose(
            (values, np.cumsum(weight)), (expected[0], np.cumsum(expected[1])), rtol=1e-7, atol=1e-7
        )
        assert before.step_size == pytest.approx(now.step_size, rel=1e-6)
        assert before.lambda_min == pytest.approx(now.lambda_min, rel=1e-6, abs=1e-12)


def test_the_time_of_descendants_counts() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    orphans = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"
    assert 0.3 < processor_seconds(["-c", orphans], {}) < 3.0
    with pytest.raises(RuntimeError, match="failed"):
        processor_seconds(["-c", "raise SystemExit(3)"], {})


@pytest.mark.parametrize("command", KEPT)
def test_the_page_has_the_tables_of_the_kept_figures(command: str) -> None:
    assert page.text(page.measured(command)) in page.PAGE.read_text(encoding="utf-8")


def test_every_table_of_the_page_is_made_from_kept_figures() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text) == text
    assert sorted(block[1] for block in page.BLOCK.finditer(text)) == KEPT


def test_the_loop_stops_where_the_engine_does() -> None:
    case = Case((20, 6, 12), "softplus", "float64")
    setting = replace(case.setting(ShallowNet(), 4000), tolerances=(0.5, 0.1))
    for rung in (0, 1):
        for seed, trial in enumerate(case.trials(2)):
            outcome = engine_train(setting, Cell("bench", *case.size), [seed])[0]
            found = train(trial, Descent.of(setting, trial, rung))
            assert outcome.hits[rung] is not None
            assert found.hit == outcome.hits[rung]


def test_a_solver_that_does_not_exist_is_left_out() -> None:
    with pytest.raises(LookupError, match="has no solver"):
        EngineSolver(Case(SIZE), "no such solver")


def test_speeds_are_positive_and_ratios_paired() -> None:
    found = speed.measure(Case((20, 4, 3), "relu"), speed.Effort(2, 1e-3, 64), only=("vmap", "stacked", "fused"))
    assert {"loop", "vmap", "stacked"} <= found.microseconds.keys()
    assert all(time > 0 for time in (*found.microseconds.values(), *found.ratios.values(), *found.peak.values()))
    assert found.ratios["loop"] == 1.0
    assert found.product > 0
    assert speed.paired([1.0, 4.0, 9.0], [1.0, 1.0, 1.0]) == 4.0


def test_operations_are_counted_as_the_tables_say() -> None:
    assert Case((200, 20, 10)).flops == 4 * 200 * 20 * 10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_core_has_a_peak(dtype: str) -> None:
    try:
        found = hardware.fma_peak(dtype)
    except NoKernel as error:
        pytest.skip(str(error))
    assert 0.5 < found < 2000  # GFLOP/s of one core


def test_a_tenth_of_the_grid_is_a_tenth_of_it_and_even() -> None:
    suite, _ = load_suite("phase-diagram")
    some = grid.tenth(suite, seed=3)
    assert grid.cells(suite) == 900
    assert grid.cells(some) == 90
    assert isinstance(some.search, Grid)
    assert set(some.d) < set(suite.d)
    counted = {d: sum(d in grid.tenth(suite, seed).d for seed in range(300)) / 300 for d in (suite.d[0], suite.d[-1])}
    assert counted == pytest.approx(dict.fromkeys(counted, 1 / 3), abs=0.1)
    with pytest.raises(ValueError, match="a grid is needed"):
        grid.tenth(load_suite("quickstart")[0])


def test_a_difference_of_verdicts_is_seen() -> None:
    suite, registry = load_suite("phase-diagram")
    suite = grid.shortened(suite, steps=60, trials=2, corner=1)
    (search,) = threshold_searches(suite, registry, "cpu")
    cell = search.cell(60)
    outcomes = tuple(engine_train(search.setting, cell, range(2)))
    trained = [grid.Trained(search.setting, cell, outcomes, search.tolerance_index)]
    (only,) = trained

    class Here:
        """Does at once what it is given."""

        def submit(self, function, *arguments):  # type: ignore[no-untyped-def]  # a stand-in for an executor
            class Done:
                def result(self) -> object:
                    return function(*arguments)

            return Done()

    agreed = check.check(trained, 1, [Here()])  # type: ignore[list-item]  # a stand-in for a process pool
    assert [(each.trials, each.same, each.fits - each.loop_fits) for each in agreed.cells] == [(2, 2, 0)]
    assert agreed.differences == ()
    verdict = only.outcomes[0].verdict(only.tolerance_index)
    false: Outcome = replace(only.outcomes[0], hits=(None,) * 3 if verdict == "fit" else (1, 1, 1))
    wrong = [replace(only, outcomes=(false, only.outcomes[1]))]
    (difference,) = check.check(wrong, 1, [Here()]).differences  # type: ignore[list-item]  # a stand-in for a process pool
    assert (difference.seed, difference.loop) == (0, verdict)
    assert difference.engine != verdict
    assert difference.engine_measure == pytest.approx(difference.loop_measure, rel=1e-3)


def test_peak_memory_is_read() -> None:
    assert 10 < memory.peak() < 1e6


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        (["--only", "stacked", "--only", "fused"], ["Microseconds", "Times faster", "multiply-add peak"]),
        (["grid", "--check", "1", "--cores", "1"], ["Time of phase-diagram", "Verdicts equal"]),
        (["roofline"], ["What multiply-adds and φ allow"]),
        (["set-up"], ["Set-up of a trial"]),
        (["methods"], ["Minibatches, several outputs"]),
        pytest.param(["builds"], ["by compiler and width"], marks=pytest.mark.slow),
        pytest.param(["starts"], ["a worker after that"], marks=pytest.mark.slow),
        (["scale"], ["What trials that take no time cost", "Runs on clusters"]),
        (["overhead"], ["Dask takes"]),
        (["stages"], ["Set-up of 8 batches"]),
        pytest.param(["scaling"], ["How the time grows", "Peak memory"], marks=pytest.mark.slow),
    ],
    ids=[
        "speed",
        "grid",
        "roofline",
        "set-up",
        "methods",
        "builds",
        "starts",
        "scale",
        "overhead",
        "stages",
        "scaling",
    ],
)
def test_each_program_runs(
    arguments: list[str], titles: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    main([*arguments, "--quick", "--json", str(file)])
    printed = capsys.readouterr().out
    assert all(title in printed for title in titles)
    assert max(map(len, printed.splitlines())) <= 100
    found = json.loads(file.read_text())
    assert found["machine"]["processor"]
    positive = {
        "speed": lambda: [t for each in found["speeds"] for t in each["microseconds"].values()],
        "grid": lambda: [found["grid"][name] for name in ("seconds", "network_steps", "loop_microseconds", "whole")],
        "roofline": lambda: [
            each[name] for each in found["roofline"] for name in ("microseconds", "reached", "bound", "padded")
        ],
        "overhead": lambda: [found["overhead"]["seconds"], found["overhead"]["dask"]],
        "stages": lambda: [each["rate"] for each in found["stages"]],
        "set-up": lambda: [each[name] for each in found["set_up"] for name in ("milliseconds", "before", "ratio")],
        "methods": lambda: [t for each in found["methods"] for t in each["microseconds"].values()],
        "builds": lambda: [each["microseconds"] for each in found["builds"]],
        "starts": lambda: [each["seconds"] for each in found["starts"]],
        "scale": lambda: [value for each in found["scale"] for value in each.values()],
        "scaling": lambda: [t for axis in found["axes"] for t in axis["seconds"]],
    }
    assert all(value > 0 for value in positive[found["command"]]())


def test_more_cores_than_there_are_is_said() -> None:
    with pytest.raises(SystemExit, match="cores were asked for"):
        main(["--cores", "4096"])
