"""Three stages on the way to the kernel: a net scaled until it is lazy, its linearization, and its infinite width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from harness import (
    ActivationOption,
    Model,
    ModelTraits,
    Positive,
    ResidualCriterion,
    ShallowForm,
    Stack,
    Trained,
    Weights,
)
from harness.builtin.models import ShallowNet
from harness_lazy.limit import HiddenScale, limiting_kernel
from harness_lazy.start import at_start

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Activation, Criterion, Optimizer, Params


@dataclass(frozen=True)
class _FromStart(Model):
    """A model built from a shallow net h(x; w) = vᵀφ(Wx + b) + c and its own initial weights w₀.

    Attributes:
        activation: φ.
        train: Which layers training moves: hidden (W, b), output (v, c) or all.
        biases: Whether b and c exist.
    """

    activation: ActivationOption = ActivationOption("softplus")
    train: Trained = "hidden"
    biases: bool = False

    @property
    def net(self) -> ShallowNet:
        """The shallow net h."""
        return ShallowNet(self.activation, self.train, self.biases)

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of W, v and the biases."""
        return self.net.shapes(d, k)

    def trained(self) -> tuple[str, ...]:
        """Return the weights of the trained layers."""
        return self.net.trained()

    def extend(self, weights: Weights) -> Weights:
        """Add copies of the trained weights as they start: ``W0`` beside ``W``, and so on."""
        return {**weights, **{f"{name}0": weights[name].copy() for name in self.trained()}}

    def describe(self) -> ModelTraits:
        """Return the traits of the net. The model itself is not of the form vᵀφ(Wx + b) + c."""
        return replace(self.net.describe(), shallow=False)


@dataclass(frozen=True)
class LazyScaled(_FromStart):
    """f(x) = α (h(x; w) − h(x; w₀)), with the loss divided by α² [Chizat, Oyallon and Bach, arXiv 1812.07956].

    The larger α, the less the weights move before the labels are fitted: training turns from feature learning into
    that of the linear model J(w₀)(w − w₀), at the same step size and in the same time, as J_f J_fᵀ/α² = J_h J_hᵀ.

    Weights that hardly move need digits: float32 shows from α ≈ 1000 on, where steps to small tolerances grow.

    Attributes:
        alpha: α.
    """

    name: ClassVar[str] = "lazy-scaled"
    alpha: Positive = 10.0

    def linear(self) -> bool:
        """Say that the net is linear in its output layer."""
        return self.train == "output"

    def loss_weight(self) -> float:
        """Return 1/α²."""
        return self.alpha**-2

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return α (h(x; w) − h(x; w₀)), (n,)."""
        start = at_start(params, self.trained())
        return self.alpha * (self.net.forward(params, x) - self.net.forward(start, x))

    def stack(self, params: Params, x: Tensor) -> Stack:
        """Return the closed form on B nets."""
        from harness_lazy.scaled_stack import ScaledStack

        return ScaledStack(self.net, params, x, self.alpha)

    def shallow_form(self) -> ShallowForm:
        """Return the net, its scale, and that it is centred."""
        return replace(self.net.shallow_form(), scale=self.alpha, centred=True)

    def kernel(self, params: Params, x: Tensor) -> Tensor:
        """Return α² times the kernel of h."""
        return self.alpha**2 * self.net.kernel(params, x)


@dataclass(frozen=True)
class Linearized(_FromStart):
    """f(x) = h(x; w₀) + J(x; w₀)(w − w₀): the first-order model of a shallow net around its initial weights.

    Its residual is (I − ηJ₀J₀ᵀ)^t r₀ exactly.

    Attributes:
        centred: Leave h(x; w₀) out: the limit of lazy-scaled as α → ∞.
    """

    name: ClassVar[str] = "linearized"
    centred: bool = False

    def linear(self) -> bool:
        """Say that the model is linear in all that it trains."""
        return True

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return h₀ + (φ'(z₀) ∘ (X ΔWᵀ + Δb)) v₀ + φ(z₀) Δv + Δc, (n,), with z₀ = XW₀ᵀ + b₀, Δw = w − w₀.

        Written out, as forward differentiation would load seconds of decompositions for the same numbers.
        """
        import torch

        trained = self.trained()
        start = at_start(params, trained)
        moved = {name: params[name] - start[name] for name in trained}
        z = x @ start["W"].mT
        if self.biases:
            z = z + start["b"]
        phi, slope = _with_slope(self.net.activation, z)
        change: Tensor = torch.zeros_like(phi[:, 0])
        if "W" in moved:
            turned = x @ moved["W"].mT
            change = change + (slope * (turned + moved["b"] if self.biases else turned)) @ start["v"]
        if "v" in moved:
            change = change + phi @ moved["v"]
            change = change + moved["c"] if self.biases else change
        if self.centred:
            return change
        value: Tensor = phi @ start["v"]
        return change + (value + start["c"] if self.biases else value)

    def kernel(self, params: Params, x: Tensor) -> Tensor:
        """Return J₀J₀ᵀ, the kernel of h at w₀; it does not change in training."""
        return self.net.kernel(at_start(params, self.trained()), x)

    def kernel_error(self, params: Params, x: Tensor, kernel: Tensor) -> float | None:
        """Return the bound of h at w₀."""
        return self.net.kernel_error(at_start(params, self.trained()), x, kernel)


def _with_slope(activation: Activation, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return φ(z) and φ'(z) of the initial weights, through which nothing else is differentiated.

    Plain reverse differentiation does not load torch's compiler, as ``torch.func`` does, but cannot be part of one of
    its transforms.
    """
    import torch

    try:
        argument = z.detach().requires_grad_()
    except RuntimeError:
        from torch.func import vjp

        phi, pullback = vjp(activation.forward, z)  # type: ignore[misc]  # no auxiliary output
        return phi, pullback(torch.ones_like(phi))[0]
    with torch.enable_grad():
        phi = activation.forward(argument)
        (slope,) = torch.autograd.grad(phi, argument, torch.ones_like(phi))
    return phi.detach(), slope


@dataclass(frozen=True)
class InfiniteWidth(Model):
    """Gradient descent in function space with the kernel K∞ of the infinitely wide shallow net, from f₀ = 0.

    W ~ N(0, σ²), v = ±a/√k or N(0, a²/k), k → ∞. See :func:`harness_lazy.limit.limiting_kernel`. It has no weights:
    the residual is (I − ηK∞)^t (−y), so it needs plain gradient descent on a criterion of the residual.

    With ``train = "all"`` both layers are trained in the tangent parameterization f = (1/√k) Σ_j u_j φ(w_j·x). The
    wide limit of a shallow net that trains both W and v at one step size is ``train = "output"``.

    Attributes:
        activation: φ.
        train: Which layers training moves.
        biases: Whether there are biases, zero at the start.
        sigma: σ, or ``lecun`` for 1/√d, or ``he`` for √(2/d).
        output: a; the kernel of the hidden layer is proportional to a².
    """

    name: ClassVar[str] = "infinite-width"
    needs: ClassVar[str] = "plain full-batch gradient descent and a criterion of the residual norm"
    has_width: ClassVar[bool] = False
    activation: ActivationOption = ActivationOption("softplus")
    train: Trained = "hidden"
    biases: bool = False
    sigma: HiddenScale = 1.0
    output: Positive = 1.0

    def accepts(self, optimizer: Optimizer, criterion: Criterion) -> bool:
        """Return whether the residual decays as under gradient descent on all samples."""
        return optimizer.full_batch() and optimizer.heavy_ball() == 0.0 and isinstance(criterion, ResidualCriterion)

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return nothing: the model has no weights."""
        return {}

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return f₀ = 0, (n,)."""
        return x.new_zeros(len(x))

    def linear(self) -> bool:
        """Say that the limit is linear in its weights."""
        return True

    def stack(self, params: Params, x: Tensor) -> Stack:
        """Refuse to be stepped.

        Raises:
            ValueError: Always; the exact solution needs no stack.
        """
        raise ValueError(
            "an infinitely wide net has no weights to step: it is solved exactly, which needs plain full-batch "
            "gradient descent and a criterion of the residual"
        )

    def kernel(self, params: Params, x: Tensor) -> Tensor:
        """Return K∞, (n, n)."""
        import torch

        kernel = limiting_kernel(
            x.double().cpu().numpy(),
            self.activation,
            self.train,
            sigma=self.sigma,
            output=self.output,
            biases=self.biases,
        )
        return torch.from_numpy(kernel).to(x)

    def describe(self) -> ModelTraits:
        """Return the layers and the activation of the net that it is the limit of."""
        return replace(ShallowNet(self.activation, self.train, self.biases).describe(), shallow=False)
