"""Models: networks of a given width, and the facts that theories and solvers need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.components.activation import Activation
from harness.components.component import Component
from harness.components.noise import ActivationNoise
from harness.components.vocabulary import Outputs, Params, Trained, Weights

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components.criterion import Criterion
    from harness.components.optimizer import Optimizer


class Model(Component, ABC):
    """A network f(x; w): R^d → R, or to R^q, of a given width.

    Attributes:
        outputs: ``any`` if the model has a form for every number of outputs q, in :meth:`shapes_for`.
        has_width: False for a limit of infinite width: it is tried once a size, at width 0, and has no threshold.
    """

    kind: ClassVar[str] = "model"
    has_width: ClassVar[bool] = True
    outputs: ClassVar[Outputs] = "one"

    @abstractmethod
    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each weight for input dimension d and width k."""

    @abstractmethod
    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return the outputs of one network on inputs (n, d): (n,), or (n, q) with weights of q > 1 outputs."""

    def shapes_for(self, d: int, k: int, q: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each weight for q outputs; those of :meth:`shapes` for q = 1.

        Raises:
            ValueError: If q > 1 and the model has one output only, which is the default.
        """
        if q == 1:
            return self.shapes(d, k)
        raise ValueError(f"model {self.name!r} has one output, not {q}: it does not define shapes_for()")

    def accepts(self, optimizer: Optimizer, criterion: Criterion) -> bool:
        """Return whether the model can be trained by an optimizer on a criterion."""
        return True

    def extend(self, weights: Weights) -> Weights:
        """Return the weights of one network from those that its initializer drew.

        For models that need constants beside them, such as the initial weights themselves; what is added must be
        left out of :meth:`trained`.
        """
        return weights

    def loss_weight(self) -> float:
        """Return the factor by which this model's loss is multiplied, such as 1/α² for an output scaled by α."""
        return 1.0

    def trained(self) -> tuple[str, ...] | None:
        """Return the names of the weights that training moves; None means all of them."""
        return None

    def moved(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of the weights that training moves, out of all weights."""
        names = self.trained()
        return tuple(params) if names is None else names

    def linear(self) -> bool:
        """Say whether f is affine in its trained weights; it is then solved exactly, not simulated."""
        return False

    def stack(self, params: Params, x: Tensor) -> Stack | None:
        """Return a fast path for B networks (weights with a leading axis B, inputs (B, n, d)).

        A model without one leaves this alone: the engine then makes the stack of ``forward`` itself.
        """
        return None

    def shallow_form(self) -> ShallowForm | None:
        """Return the shallow net that this model is, if it is one; a compiled solver then trains it."""
        return None

    def activation_noise(self) -> ActivationNoise | None:
        """Return the random factors of the activations on the samples that it is trained on, or None.

        The engine draws factors (k, n) for each trial from a stream of its own, and adds them to the weights as
        ``params[FACTORS]`` for :meth:`forward`, :meth:`kernel` and :meth:`stack` on these samples. They are ones
        between steps if each step draws its own. Without that entry a model has no noise, as on held-out samples.
        """
        return None

    def kernel(self, params: Params, x: Tensor) -> Tensor | None:
        """Return J Jᵀ (n, n) of one network, J the Jacobian of its outputs in the trained weights.

        None lets the engine differentiate ``forward``.
        """
        return None

    def kernel_error(self, params: Params, x: Tensor, kernel: Tensor) -> float | None:
        """Return a bound of ‖K̂ − K‖ in the spectral norm, with K the exact J Jᵀ of these float64 weights and inputs.

        Fates of linear models are proved with it. With None a bound is assumed that counts operations.

        Args:
            params: Weights.
            x: Inputs, (n, d).
            kernel: K̂, what :meth:`kernel` returned, (n, n).
        """
        return None

    def describe(self) -> ModelTraits:
        """Return what theories ask about the model. The default follows from :meth:`shallow_form`."""
        form = self.shallow_form()
        return ModelTraits() if form is None else ModelTraits.of(form)


def has_shallow_weights(model: Model) -> bool:
    """Return whether the weights of a model are among those of a shallow net: W (k, d), v (k,), b (k,) and c ().

    >>> from harness.builtin.models import ShallowNet
    >>> has_shallow_weights(ShallowNet(biases=True))
    True
    """
    d, k = 2, 4
    shallow = {"W": (k, d), "v": (k,), "b": (k,), "c": ()}
    return all(shallow.get(name) == tuple(shape) for name, shape in model.shapes(d, k).items())


SHALLOW_WEIGHTS = "a model whose weights are W (k, d), v (k,) and perhaps biases b (k,), c"
"""The models of :func:`has_shallow_weights`, as a component says what it needs."""


class Stack(ABC):
    """B networks of equal shape advanced together: the fast path of a model.

    A stack owns its buffers and reads the weights it was given, which the caller changes in place between
    calls. Lane b of every result depends on lane b of the weights and inputs only, to the last bit.
    """

    @abstractmethod
    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write f(x) + offset, (B, n·q), into ``out``: the q outputs of a sample are adjacent."""

    @abstractmethod
    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Set ``into[name] = keep · into[name] + (∂f/∂name)ᵀ cotangent`` for each trained weight.

        Must follow a ``forward`` with the same weights; ``into`` may hold the weights themselves.
        """

    @abstractmethod
    def load(self, x: Tensor) -> None:
        """Replace the inputs by ``x``, (B, n, d), of the shape the stack was made with."""


@dataclass(frozen=True)
class ShallowForm:
    """The form f = αh or α(h − h₀) of a model, with h(x) = vᵀφ(Wx + b) + c: weights W, v and, with biases, b, c.

    Attributes:
        activation: φ.
        trains: Layers that training changes.
        scale: α.
        centred: Whether h₀, the outputs at the initial weights, is subtracted.
        biases: Whether b and c exist.
    """

    activation: Activation
    trains: Trained
    scale: float = 1.0
    centred: bool = False
    biases: bool = False

    @property
    def plain(self) -> bool:
        """Whether f = h."""
        return self.scale == 1.0 and not self.centred


@dataclass(frozen=True)
class ModelTraits:
    """Facts about a model for theories and tables.

    Attributes:
        trains: Layers that training changes, or None if the model is not a shallow net.
        activation: Name of φ, or None if there is none.
        biases: Whether it has biases.
        shallow: Whether f(x) = vᵀφ(Wx + b) + c with weights named W, v, b, c.
        phi: φ, or None if there is none or only its name is known.
        layers: Widths of the hidden layers of a fully connected net that trains all weights, with ``None`` for the
            width k that is tried. Empty for other models.
    """

    trains: Trained | None = None
    activation: str | None = None
    biases: bool = False
    shallow: bool = False
    phi: Activation | None = None
    layers: tuple[int | None, ...] = ()

    @classmethod
    def of(cls, form: ShallowForm) -> ModelTraits:
        """Return the traits of a shallow net, or of a model made from one."""
        return cls(form.trains, form.activation.name, form.biases, form.plain, form.activation)
