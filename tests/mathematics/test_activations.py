from __future__ import annotations

import ctypes
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import erf

from harness.builtin.models import ShallowNet
from harness.components import Activation
from harness.engine.fused import binding
from harness.engine.fused.at_hand import unavailable
from harness.mathematics.activations import ACTIVATIONS, Elu, LeakyRelu

CASES = {str(phi): phi for phi in (*ACTIVATIONS.values(), LeakyRelu(slope=0.25), Elu(alpha=0.5))}
SMOOTH = [name for name, activation in CASES.items() if activation.smooth]
Z = np.linspace(-12.0, 12.0, 48_001)


@pytest.mark.parametrize(
    ("name", "b1", "b2"),
    [
        ("softplus", 1.0, 0.25),
        ("gelu", 1.1289, 0.7979),
        ("silu", 1.0998, 0.5),
        ("tanh", 1.0, 0.7698),
        ("sigmoid", 0.25, 0.0962),
        ("erf", 1.1284, 0.9679),
        ("sin", 1.0, 1.0),
        ("elu", 1.0, 1.0),
        ("softsign", 1.0, 2.0),
        ("squared-relu", math.inf, 2.0),
        ("relu", 1.0, math.inf),
    ],
)
def test_bounds_of_the_derivatives_are_the_known_ones(name: str, b1: float, b2: float) -> None:
    activation = CASES[name]
    assert activation.b1 == pytest.approx(b1, abs=5e-5)
    assert activation.b2 == pytest.approx(b2, abs=5e-5)
    assert activation.bound == max(activation.b1, activation.b2)


@pytest.mark.parametrize("name", [*SMOOTH, "elu", "softsign"])
def test_bounds_are_attained_and_never_passed(name: str) -> None:
    activation = CASES[name]
    slopes = activation.dphi(Z)
    curvature = np.diff(slopes) / np.diff(Z)
    assert np.abs(slopes).max() <= activation.b1 * (1 + 1e-12)
    assert np.abs(slopes).max() == pytest.approx(activation.b1, rel=1e-4)  # softplus' slope is 1 at infinity only
    assert np.abs(curvature).max() <= activation.b2 * (1 + 1e-8)
    assert np.abs(curvature).max() == pytest.approx(activation.b2, rel=1e-3)  # at the kink of φ' only


@pytest.mark.parametrize("name", list(CASES))
def test_slope_is_the_derivative(name: str) -> None:
    activation = CASES[name]
    z, h = np.linspace(-5.03, 5.07, 301), 1e-5
    central = (activation.phi(z + h) - activation.phi(z - h)) / (2 * h)
    np.testing.assert_allclose(activation.dphi(z), central, atol=1e-9)
    second = (activation.dphi(z + h) - activation.dphi(z - h)) / (2 * h)
    curvature = activation.d2phi(z)
    assert curvature is not None
    np.testing.assert_allclose(curvature, second, atol=1e-9)


@pytest.mark.parametrize("name", list(CASES))
def test_symmetries_are_as_declared(name: str) -> None:
    activation = CASES[name]
    assert np.allclose(activation.phi(-Z), -activation.phi(Z)) == activation.odd
    assert np.allclose(activation.phi(3 * Z), 3 * activation.phi(Z)) == activation.homogeneous


def test_kinks_take_the_slope_from_the_left() -> None:
    zero = np.zeros(1)
    assert ACTIVATIONS["relu"].dphi(zero) == 0
    assert ACTIVATIONS["leaky-relu"].dphi(zero) == 0.1
    assert Elu(alpha=0.5).dphi(zero) == 0.5
    assert math.isinf(Elu(alpha=0.5).b2)
    assert math.isinf(ACTIVATIONS["relu"].b2)


@pytest.mark.parametrize("name", list(CASES))
def test_large_arguments_neither_overflow_nor_lose_their_digits(name: str) -> None:
    activation = CASES[name]
    with np.errstate(over="raise", invalid="raise"):
        far = np.array([-800.0, 800.0])
        assert np.isfinite(activation.phi(far)).all()
        assert np.isfinite(activation.dphi(far)).all()


def test_tails_keep_relative_accuracy() -> None:
    z = np.array([-40.0])
    assert ACTIVATIONS["softplus"].phi(z)[0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert ACTIVATIONS["sigmoid"].phi(z)[0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert ACTIVATIONS["tanh"].dphi(z)[0] == pytest.approx(4 * math.exp(-80), rel=1e-13)
    assert ACTIVATIONS["gelu"].phi(np.array([1.3]))[0] == pytest.approx(0.65 * (1 + erf(1.3 / math.sqrt(2))), rel=1e-14)


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-6), (torch.float64, 2e-14)])
def test_tensors_have_the_values_of_arrays(name: str, dtype: torch.dtype, tolerance: float) -> None:
    """The differentiable form, the one in place, and the one in place that autograd derives."""
    activation, z = CASES[name], torch.linspace(-30, 30, 4001, dtype=torch.float64).to(dtype)
    exact = z.double().numpy()
    phi, dphi = activation.phi(exact), activation.dphi(exact)
    np.testing.assert_allclose(activation.forward(z).numpy(), phi, rtol=tolerance, atol=tolerance)
    for in_place in (type(activation).activate_, Activation.activate_):
        value, slope = z.clone(), torch.empty_like(z)
        in_place(activation, value, slope)
        np.testing.assert_allclose(value.numpy(), phi, rtol=tolerance, atol=tolerance)
        kink = exact == 0.0  # autograd takes other slopes there
        np.testing.assert_allclose(slope.numpy()[~kink], dphi[~kink], rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 3e-15)])
def test_compiled_code_has_the_values_of_arrays(name: str, dtype: type[np.floating], tolerance: float) -> None:
    z, phi, slope = (binding.aligned((3200,), dtype) for _ in range(3))
    z[:] = np.linspace(-30, 30, 3200)
    library = binding.compiled("float" if dtype == np.float32 else "double", CASES[name])
    library.harness_activate(ctypes.c_int64(3200), *(ctypes.c_void_p(array.ctypes.data) for array in (z, phi, slope)))
    exact = z.astype(np.float64)
    np.testing.assert_allclose(phi, CASES[name].phi(exact), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(slope, CASES[name].dphi(exact), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 2e-15)])
def test_the_slope_of_tanh_keeps_its_digits_where_tanh_is_one(dtype: torch.dtype, tolerance: float) -> None:
    z = torch.linspace(-20, 20, 4001, dtype=torch.float64).to(dtype)
    expected, slope = 1 / np.cosh(z.double().numpy()) ** 2, torch.empty_like(z)
    ACTIVATIONS["tanh"].activate_(z, slope)
    np.testing.assert_allclose(slope.double().numpy(), expected, rtol=tolerance)


def test_models_name_an_activation_by_its_name_unless_an_option_is_changed() -> None:
    """The stored keys of the shipped activations contain the bare names."""
    assert [ShallowNet(name).spec()["activation"] for name in ACTIVATIONS] == list(ACTIVATIONS)
    assert ShallowNet("leaky-relu") == ShallowNet(LeakyRelu(0.1))
    assert ShallowNet(LeakyRelu(0.2)).spec()["activation"] == {"use": "leaky-relu", "version": 1, "slope": 0.2}
    with pytest.raises(ValueError, match="there is no activation 'rellu', expected one of softplus, relu"):
        ShallowNet("rellu")


def test_the_activation_of_a_model_is_kept_apart_from_its_field() -> None:
    """The compiler of torch 2.11 does not end at a descriptor that keeps its value under its own name."""
    net = ShallowNet("relu")
    assert net.activation is ACTIVATIONS["relu"]
    assert "activation" not in vars(net)
    assert replace(net, train="all").activation is net.activation
    assert pickle.loads(pickle.dumps(net)) == net
