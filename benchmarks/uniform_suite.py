"""Suites whose cells all cost the same."""

from __future__ import annotations

from benchmarks.case import NEVER, Size
from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import StepSize
from harness.statistics.search import Grid
from harness.suite.record import Budget, Suite


def suite_of(
    size: Size, cells: int, trials: int, steps: int, dtype: str, step_size: StepSize = "stable", solver: str = ""
) -> Suite:
    """Return a suite of so many cells of one size, which differ in nothing but σ, and in that by less than matters."""
    n, d, k = size
    return Suite(
        name="uniform",
        title="",
        description="",
        seed=0,
        dataset=Sphere(),
        resample=True,
        n=(n,),
        d=(d,),
        budget=Budget(steps, (NEVER,), NEVER, "float64" if dtype == "float64" else "float32", "cpu", spectrum=False),
        search=Grid((k,), trials),
        regimes=tuple(
            Regime(
                f"regime {i}",
                ShallowNet(),
                GaussianHalves(sigma=1.0 + 1e-9 * i),
                GradientDescent(step_size=step_size),
                Quadratic(),
                solver=solver,
            )
            for i in range(cells)
        ),
    )
