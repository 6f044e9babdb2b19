"""The kernel at the initial weights, and step sizes read off it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness.builtin.deep import DeepNet
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent
from harness.components import Cell, Model, Params
from harness.engine import spectrum
from harness.engine.fused import build, eigenvalues
from harness.engine.spectrum import DENSE, eigenvalue_range, initial_kernel, lanczos, largest_eigenvalue
from harness.engine.trial import prepare, stable_step
from harness.mathematics.activations import ACTIVATIONS
from tests.engine.cases import CASES, BareShallow, setting


@pytest.fixture(params=["compiled", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to the extreme eigenvalues of a kernel."""
    if request.param == "numpy":
        monkeypatch.setattr(eigenvalues, "compiled", lambda: False)
    elif not eigenvalues.compiled():
        pytest.skip("there is no compiler here")
    name: str = request.param
    return name


@pytest.mark.parametrize("train", ["hidden", "output", "all"])
@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_closed_form_equals_differentiation(activation: str, train: str, biases: bool) -> None:
    rng = np.random.default_rng(0)
    net = ShallowNet(activation, train, biases)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    bare: Model = BareShallow(activation, train, biases)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    params = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in net.shapes(4, 6).items()}
    x = torch.from_numpy(rng.standard_normal((9, 4)))
    ours, theirs = initial_kernel(net, params, x), initial_kernel(bare, params, x)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
@pytest.mark.parametrize("hidden", [1, 3, ("k", 5, "k")])
@pytest.mark.parametrize("biases", [False, True])
def test_closed_form_of_deep_nets_equals_differentiation(activation: str, hidden: Any, biases: bool) -> None:
    rng = np.random.default_rng(0)
    net = DeepNet(activation, hidden, biases)
    params = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in net.shapes(4, 6).items()}
    x = torch.from_numpy(rng.standard_normal((9, 4)))
    jacobian = spectrum.initial_jacobian(net, params, x)
    assert jacobian.shape == (9, sum(value.numel() for value in params.values()))
    torch.testing.assert_close(initial_kernel(net, params, x), jacobian @ jacobian.mT, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("most", [1, 100, 130])  # entries of 1, 3 and 4 samples, of 10
def test_a_kernel_is_formed_in_blocks_where_its_jacobian_is_large(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    rng = np.random.default_rng(0)
    model = BareShallow("tanh", "all", biases=True)
    params = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in model.shapes(3, 6).items()}
    x = torch.from_numpy(rng.standard_normal((10, 3)))
    whole = spectrum.initial_jacobian(model, params, x)
    formed: list[int] = []

    def recording(*given: Any) -> torch.Tensor:
        jacobian = initial_jacobian(*given)
        formed.append(jacobian.numel())
        return jacobian

    initial_jacobian = spectrum.initial_jacobian
    monkeypatch.setattr(spectrum, "initial_jacobian", recording)
    monkeypatch.setattr(spectrum, "MOST_ENTRIES", most)
    torch.testing.assert_close(initial_kernel(model, params, x), whole @ whole.mT, rtol=1e-12, atol=1e-12)
    assert max(formed) <= max(most, whole.shape[1])


@pytest.mark.parametrize(("most", "rows"), [(1, [1] * 10), (90, [3, 3, 3, 1]), (999, [9, 1]), (1000, [10])])
def test_a_jacobian_is_formed_in_blocks_where_differentiation_would_take_large_arrays(
    monkeypatch: pytest.MonkeyPatch, most: int, rows: list[int]
) -> None:
    """Arrays of m²p/d entries, p/d = 10, for m samples."""
    rng, seen = np.random.default_rng(0), []

    class _Recording(BareShallow):
        def forward(self, params: Params, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(x))
            return super().forward(params, x)

    model = _Recording("tanh", "hidden")
    params = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in model.shapes(3, 10).items()}
    x = torch.from_numpy(rng.standard_normal((10, 3)))
    whole = spectrum.initial_jacobian(model, params, x)
    seen.clear()
    monkeypatch.setattr(spectrum, "MOST_DIFFERENTIATED", most)
    torch.testing.assert_close(spectrum.initial_jacobian(model, params, x), whole, rtol=1e-13, atol=0)
    assert seen == rows


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("n", [8, DENSE - 1, DENSE, 2 * DENSE])
def test_extreme_eigenvalues_are_those_of_all(n: int) -> None:
    rng = np.random.default_rng(1)
    for rank, parameters in ((n // 2, n // 2), (n // 2, 2 * n), (2 * n, 2 * n)):
        factor = rng.standard_normal((n, rank))
        kernel = torch.from_numpy(factor @ factor.T)
        smallest, largest = eigenvalue_range(kernel, parameters)
        values = np.linalg.svd(factor, compute_uv=False) ** 2
        assert largest == pytest.approx(values[0], rel=6e-10)
        assert largest == float(f"{largest:.10g}") == largest_eigenvalue(kernel)
        if rank < n:
            assert (smallest == 0.0) if parameters < n else (0.0 <= smallest < 1e-13 * largest)
        else:
            assert smallest == pytest.approx(values[-1], rel=1e-10)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("n", [8, 2 * DENSE])
def test_the_largest_eigenvalue_of_kernels_that_are_zero_or_of_rank_one(n: int) -> None:
    assert largest_eigenvalue(torch.zeros(n, n, dtype=torch.float64)) == 0.0
    assert largest_eigenvalue(torch.ones(n, n, dtype=torch.float64)) == pytest.approx(n, rel=1e-9)
    antipodal = torch.outer(torch.tensor([1.0, -1.0]).repeat(n // 2), torch.tensor([1.0, -1.0]).repeat(n // 2)).double()
    assert largest_eigenvalue(antipodal) == pytest.approx(n, rel=1e-9)


def test_lanczos_finds_one_of_two_close_eigenvalues_and_says_where_a_map_is_not_finite() -> None:
    values = np.concatenate([np.linspace(0.0, 1.0, 300), [2.0 - 1e-7, 2.0]])
    assert lanczos(lambda u: values * u, np.linspace(1.0, 2.0, 302)) == pytest.approx(2.0, rel=1e-12)
    assert np.isnan(lanczos(lambda u: np.nan * u, np.ones(5)))
    assert lanczos(lambda u: 0.0 * u, np.ones(5)) == 0.0


@pytest.mark.parametrize("tolerance", [1e-8, 1e-6])
def test_looks_at_ritz_values_that_are_left_out_change_no_bit(
    tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    factors = [rng.standard_normal((m, m)) * rng.random(m) ** power for m in (2, 5, 30, 120) for power in (0, 8)]

    def found() -> list[float]:
        matrices = [factor @ factor.T for factor in factors]
        return [lanczos(lambda u, a=a: a @ u, np.linspace(1.0, 2.0, len(a)), tolerance) for a in matrices]  # type: ignore[misc]  # mypy infers no type for a lambda with a default

    looks: list[bool] = []
    judge = spectrum._may_end

    def noted(*parts: Any) -> bool:
        looks.append(judge(*parts))
        return looks[-1]

    monkeypatch.setattr(spectrum, "_may_end", noted)
    fast = found()
    assert 0 < sum(looks) < len(looks) / 2
    monkeypatch.setattr(spectrum, "_may_end", lambda *_: True)
    assert fast == found()


@pytest.mark.usefixtures("way")
def test_a_kernel_is_not_finite_if_an_entry_is_not_whatever_their_sum() -> None:
    kernel = torch.full((3, 3), 1e308, dtype=torch.float64)  # their sum overflows
    assert largest_eigenvalue(kernel / 1e10) == pytest.approx(3e298)
    assert spectrum._finite(kernel)
    for bad in (np.nan, np.inf):
        kernel[1, 2] = bad
        assert not spectrum._finite(kernel)
        assert np.isnan(largest_eigenvalue(kernel))
        assert np.isnan(eigenvalue_range(kernel, 9)).all()


@pytest.mark.parametrize("n", [1, 2, 7, 33, 130, 400])
def test_compiled_code_and_numpy_give_equal_steps_from_known_eigenvalues(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not eigenvalues.compiled():
        pytest.skip("there is no compiler here")
    rng = np.random.default_rng(n)
    for decades in (0.0, 4.0, 8.0):
        q, _ = np.linalg.qr(rng.standard_normal((n, n)))
        known = np.sort(10.0 ** (-decades * rng.random(n)))
        kernel = torch.from_numpy((q * known) @ q.T)
        kernel = (kernel + kernel.T) / 2
        smallest, largest = eigenvalue_range(kernel, n)
        assert smallest == pytest.approx(known[0], rel=1e-11 + 1e-14 * n * known[-1] / known[0])
        assert largest == pytest.approx(known[-1], rel=6e-10)  # half a unit in the tenth digit
        assert eigenvalue_range(kernel.T, n) == (smallest, largest), "whatever the layout in memory"
        with monkeypatch.context() as patched:
            patched.setattr(eigenvalues, "compiled", lambda: False)
            assert largest_eigenvalue(kernel) == largest


def test_without_a_compiler_extreme_eigenvalues_come_from_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_FUSED", "0")
    for cached in (eigenvalues._functions, build.spectrum):
        cached.cache_clear()
    try:
        assert not eigenvalues.compiled()
        assert eigenvalue_range(torch.diag(torch.tensor([3.0, 1.0, 2.0], dtype=torch.float64)), 3) == (1.0, 3.0)
    finally:
        eigenvalues._functions.cache_clear()


def test_stable_step_of_minibatches_contracts_in_mean_square() -> None:
    """E[(I − ηG)²] ≤ I on the kernel's range for c = 1, G the minibatch kernel: by enumeration of all batches."""
    from itertools import combinations

    rng = np.random.default_rng(2)
    n, b = 6, 2
    jacobian = rng.standard_normal((n, 8)) * np.linspace(0.3, 2, n)[:, None]
    kernel = torch.from_numpy(jacobian @ jacobian.T)
    largest, diagonal = float(torch.linalg.eigvalsh(kernel)[-1]), float(kernel.diagonal().max())
    step = stable_step(StochasticGradientDescent(batch=b), 1.0, largest, diagonal, n)
    second = (
        sum(
            (n / b) ** 2 * np.linalg.matrix_power(jacobian[list(s)].T @ jacobian[list(s)], 2)
            for s in combinations(range(n), b)
        )
        / 15
    )
    mean = jacobian.T @ jacobian
    bound = mean / step  # η E[G²] ≤ E[G] is what the step promises at c = 1
    assert np.linalg.eigvalsh(bound - second).min() > -1e-9 * np.linalg.norm(bound)
    full = stable_step(GradientDescent(c=1.0), 1.0, largest, diagonal, n)
    assert stable_step(StochasticGradientDescent(batch=n), 1.0, largest, diagonal, n) == pytest.approx(full)


def test_policies() -> None:
    from dataclasses import replace

    regime = CASES["softplus"]
    stable = prepare(setting(regime), 20, 5, 6, 0)
    assert stable.lambda_max is not None
    assert stable.step_size == pytest.approx(1.5 / stable.lambda_max, rel=1e-7)
    for n in (20, DENSE, DENSE + 40):
        whole, loose = (prepare(setting(regime, spectrum=spectrum), n, 5, 6, 0) for spectrum in (True, False))
        assert loose.lambda_max is None
        assert loose.step_size == whole.step_size, "what is computed beside a run must not change it"
    fixed = replace(regime, optimizer=GradientDescent(step_size=0.15))
    assert prepare(setting(fixed), 20, 5, 6, 0).step_size == 0.15
    nameless = replace(regime, optimizer=GradientDescent(step_size="theory"))
    with pytest.raises(ValueError, match="names no theory"):
        prepare(setting(nameless), 20, 5, 6, 0)


def test_resample_false_keeps_the_problem_and_varies_the_weights() -> None:
    where = setting(CASES["softplus"], resample=False)
    first, second = (prepare(where, 20, 5, 6, seed) for seed in (0, 1))
    assert np.array_equal(first.problem.x, second.problem.x)
    assert not torch.equal(first.params["W"], second.params["W"])
    assert not np.array_equal(first.problem.x, prepare(setting(CASES["softplus"]), 20, 5, 6, 1).problem.x)


def test_width_beyond_n_over_d_gives_a_kernel_of_full_rank() -> None:
    """For generic inputs and analytic φ the hidden Jacobian has rank min(n, kd)."""
    for k, full in ((3, False), (4, True), (8, True)):
        trial = prepare(setting(CASES["softplus"]), 20, 5, k, 0)
        assert trial.lambda_min is not None
        assert (trial.lambda_min > 0) is full
    assert Cell("r", 1, 1, 1) < Cell("r", 1, 1, 2)
