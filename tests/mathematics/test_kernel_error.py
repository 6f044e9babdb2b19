"""The error of a tangent kernel against 60 digits."""

from __future__ import annotations

import mpmath  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
import torch

from harness.builtin.models import ShallowNet
from harness.components import Trained

EXACT = {
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "tanh": mpmath.tanh,
    "relu": lambda z: max(z, mpmath.mpf(0)),
}


def exact_kernel(net: ShallowNet, x: np.ndarray, params: dict[str, np.ndarray]) -> mpmath.matrix:
    name, (n, k) = str(net.activation), (len(x), len(params["v"]))
    one = 1 if net.biases else 0
    phi, slope = mpmath.matrix(n, k), mpmath.matrix(n, k)
    for i in range(n):
        for j in range(k):
            z = mpmath.fdot(map(float, x[i]), map(float, params["W"][j])) + one * mpmath.mpf(float(params["b"][j]))
            phi[i, j] = EXACT[name](z)
            slope[i, j] = mpmath.mpf(int(z > 0)) if name == "relu" else mpmath.diff(EXACT[name], z)
    kernel = mpmath.matrix(n, n)
    for i in range(n):
        for m in range(n):
            if net.train != "output":
                inner = mpmath.fdot(map(float, x[i]), map(float, x[m])) + one
                v = [mpmath.mpf(float(a)) ** 2 for a in params["v"]]
                kernel[i, m] += inner * sum(v[j] * slope[i, j] * slope[m, j] for j in range(k))
            if net.train != "hidden":
                kernel[i, m] += sum(phi[i, j] * phi[m, j] for j in range(k)) + one
    return kernel


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("train", ["hidden", "output", "all"])
@pytest.mark.parametrize("name", EXACT)
def test_the_bound_holds_and_is_no_excuse(name: str, train: Trained, biases: bool) -> None:
    rng = np.random.default_rng(4)
    net = ShallowNet(name, train, biases)
    params = {"W": 5.0 * rng.standard_normal((4, 3)), "v": rng.standard_normal(4), "b": rng.standard_normal(4)}
    params["c"] = np.zeros(())
    x = rng.standard_normal((5, 3))
    tensors = {key: torch.from_numpy(value) for key, value in params.items()}
    kernel = net.kernel(tensors, torch.from_numpy(x))
    bound = net.kernel_error(tensors, torch.from_numpy(x), kernel)
    assert bound is not None
    with mpmath.workdps(60):
        exact = exact_kernel(net, x, params)
        wrong = np.array([[float(kernel[i, m].item() - exact[i, m]) for m in range(5)] for i in range(5)])
    assert np.linalg.norm(wrong, 2) <= bound < 1e-12 * float(kernel.trace())


def test_a_sample_on_a_kink_may_have_either_slope() -> None:
    """w·x is 0 up to rounding, so the slope of the ReLU is not known, and neither is the entry |x|² of the kernel."""
    w, x = np.array([[0.1, 0.2, -0.3]]), np.array([[1.0, 1.0, 1.0]])
    tensors = {"W": torch.from_numpy(w), "v": torch.ones(1, dtype=torch.float64)}
    net = ShallowNet("relu")
    kernel = net.kernel(tensors, torch.from_numpy(x))
    bound = net.kernel_error(tensors, torch.from_numpy(x), kernel)
    assert bound is not None
    assert bound >= 3.0
