"""The shallow net with multiplicative noise on the activations of its training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import FACTORS, ActivationNoise, ActivationOption, ModelTraits, NoiseKind, Positive, Stack
from harness.builtin.models import ShallowNet

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params


@dataclass(frozen=True)
class NoisyNet(ShallowNet):
    """f(x_i) = Σ_j v_j ε_ji φ(w_j·x_i + b_j) + c, with factors ε_ji of mean 1 for training sample i and neuron j.

    Soudry and Carmon (arXiv 1605.08361) multiply the slopes of leaky ReLUs by such factors. With one draw for each
    trial they are a part of the loss, and a fit is decided with them. With factors that each step draws anew, as
    dropout does, the loss of a step cannot stay at zero, so a fit is decided without noise. Samples that the net was
    not trained on have no factors either. Each step sees all samples.

    Attributes:
        activation: φ.
        noise: Distribution of the factors: ``gaussian`` is N(1, σ²), and ``dropout`` is 0 with chance p and 1/(1 − p)
            otherwise.
        strength: σ or p.
        fresh: Whether each step draws factors of its own.
    """

    name: ClassVar[str] = "noisy"
    activation: ActivationOption = ActivationOption("leaky-relu")
    noise: NoiseKind = "gaussian"
    strength: Positive = 0.5
    fresh: bool = False

    def __post_init__(self) -> None:
        """Refuse a strength that the distribution does not have.

        Raises:
            ValueError: If p is not below 1.
        """
        self.activation_noise()

    def activation_noise(self) -> ActivationNoise:
        """Return the distribution of the factors."""
        return ActivationNoise(self.noise, self.strength, self.fresh)

    def linear(self) -> bool:
        """Say that the net is linear in its output layer, if its factors stay the same."""
        return super().linear() and not self.fresh

    def shallow_form(self) -> None:  # type: ignore[override]  # a plain shallow net has one
        """Return None: the compiled kernels take no factors."""

    def describe(self) -> ModelTraits:
        """Return the layers, φ and the biases."""
        return ModelTraits(self.train, self.activation.name, self.biases, phi=self.activation)

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return the outputs, (n,) or (n, q), with the factors if there are any among the weights."""
        z = x @ params["W"].mT
        hidden = self.activation.forward(z + params["b"] if self.biases else z)
        if FACTORS in params:
            hidden = hidden * params[FACTORS].mT
        v = params["v"] if params["v"].dim() == 1 else params["v"].mT
        return hidden @ v + params["c"] if self.biases else hidden @ v

    def features(self, params: Params, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return φ and φ' of all neurons times their factors, (k, n)."""
        phi, slope = super().features(params, x)
        return (phi * params[FACTORS], slope * params[FACTORS]) if FACTORS in params else (phi, slope)

    def kernel_error(self, params: Params, x: Tensor, kernel: Tensor) -> None:
        """Return None: no bound is derived that counts the products with the factors."""

    def stack(self, params: Params, x: Tensor) -> Stack:
        """Return the closed form on B nets."""
        from harness.builtin.noisy_stack import NoisySeveralOutputs, NoisyStack

        made = NoisyStack if params["v"].dim() == 2 else NoisySeveralOutputs
        return made(params, x, self.activation, self.train)
