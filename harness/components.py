"""The nouns of the harness: components (what plugins provide) and records (what passes between modules).

A component is a frozen dataclass whose fields are its options, as written in a suite. Its mathematics is
stated for one network; the engine stacks it. Nothing here imports torch: a theory can be evaluated, a suite
checked and a plugin listed without it.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt
from numpy.typing import NDArray

from harness.activation_names import ActivationName as ActivationName  # noqa: PLC0414  # taken from here too

if TYPE_CHECKING:
    from torch import Tensor

    Params = dict[str, Tensor]
    """Weights by name: of one network, or of B networks with a leading axis of length B."""
else:
    Params = dict  # its annotation would need torch

Array = NDArray[np.float64]
Weights = dict[str, Array]
"""Initial weights of one network, by name, float64."""

Positive = Annotated[float, Gt(0)]
PositiveInt = Annotated[int, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]

StepSize = Literal["stable", "theory"] | Positive
"""``"stable"`` is c/λ_max(J₀J₀ᵀ) of each trial; ``"theory"`` the step of the regime's theory; or a number."""

Trained = Literal["hidden", "output", "all"]

Guarantee = Literal[
    "convergence", "landscape", "existence", "necessary", "linearised", "certificate", "special algorithm"
]
"""What a theory promises at its width. Only convergence and certificate speak of training."""

Certainty = Literal["read", "derived", "seed", "memory", "memory-low"]
"""How the text of a claim is known; anything but read and derived is printed as unverified."""

Verdict = Literal["fit", "unfit", "diverged", "error"]


@dataclass(frozen=True)
class Component:
    """Base of everything a plugin provides.

    Attributes:
        name: What suites write after ``use``; lower-case letters, digits and hyphens.
        version: Raise it when the same options give different numbers: stored trials are then trained anew.
        kind: Which of the component families the class belongs to (set by the base classes).
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "component"

    def options(self) -> dict[str, Any]:
        """Return the options as plain data (numbers, strings, lists and tables).

        >>> from harness.builtin.optimizers import Momentum
        >>> Momentum(beta=0.8).options()
        {'step_size': 'stable', 'c': 1.5, 'beta': 0.8}
        """
        return dataclasses.asdict(self)

    def spec(self) -> dict[str, Any]:
        """Return what identifies the component: name, version and options. Two equal specs give equal numbers."""
        return {"use": self.name, "version": self.version, **self.options()}


# --- problems -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """One draw of inputs and labels that networks are asked to fit.

    Attributes:
        x: Inputs, (n, d), float64, one sample a row.
        y: Labels, (n,), float64.
        seed: The trial's seed, or -1 for data not drawn at random.
        dataset: Name of the dataset it was drawn from.
    """

    x: Array
    y: Array
    seed: int = -1
    dataset: str = ""

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """Input dimension."""
        return int(self.x.shape[1])


@dataclass(frozen=True)
class Dataset(Component, ABC):
    """A distribution of problems."""

    kind: ClassVar[str] = "dataset"

    @abstractmethod
    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d) and labels (n,) in float64, using no other source of randomness than ``rng``."""


# --- the four ingredients of a regime -------------------------------------------------------------


class Stack(ABC):
    """B networks of equal shape advanced together: the fast path of a model.

    A stack owns its buffers and reads the weights it was given, which the caller changes in place between
    calls. Lane b of every result depends on lane b of the weights and inputs only, to the last bit.
    """

    @abstractmethod
    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write f(x) + offset, (B, n), into ``out``."""

    @abstractmethod
    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Set ``into[name] = keep · into[name] + (∂f/∂name)ᵀ cotangent`` for each trained weight.

        Must follow a ``forward`` with the same weights; ``into`` may hold the weights themselves.
        """

    @abstractmethod
    def load(self, x: Tensor) -> None:
        """Replace the inputs by ``x``, (B, n, d), of the shape the stack was made with."""


@dataclass(frozen=True)
class Model(Component, ABC):
    """A network f(x; w): R^d → R of a given width.

    Attributes:
        has_width: False for a limit of infinite width: it is tried once a size, at width 0, and has no threshold.
    """

    kind: ClassVar[str] = "model"
    has_width: ClassVar[bool] = True

    @abstractmethod
    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each weight for input dimension d and width k."""

    @abstractmethod
    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return the outputs (n,) of one network on inputs (n, d)."""

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

    def kernel(self, params: Params, x: Tensor) -> Tensor | None:
        """Return J Jᵀ (n, n) of one network, J the Jacobian of its outputs in the trained weights.

        None lets the engine differentiate ``forward``.
        """
        return None

    def describe(self) -> ModelTraits:
        """Return what theories ask about the model."""
        return ModelTraits()


@dataclass(frozen=True)
class ShallowForm:
    """Says that a model is f = αh or α(h − h₀) with h(x) = vᵀφ(Wx + b) + c: weights W, v and, with biases, b, c.

    Attributes:
        activation: φ.
        trains: Which layers training moves.
        scale: α.
        centred: Whether h₀, the outputs at the initial weights, is taken off.
    """

    activation: ActivationName
    trains: Trained
    scale: float = 1.0
    centred: bool = False


@dataclass(frozen=True)
class ModelTraits:
    """What theories and tables need to know of a model.

    Attributes:
        trains: Which layers training moves; None where the model is not a shallow net.
        activation: Name in :mod:`harness.activations`; None where there is none.
        biases: Whether it has biases.
        shallow: Whether f(x) = vᵀφ(Wx + b) + c with weights named W, v, b, c.
    """

    trains: Trained | None = None
    activation: str | None = None
    biases: bool = False
    shallow: bool = False


@dataclass(frozen=True)
class Initializer(Component, ABC):
    """A distribution of initial weights.

    Attributes:
        width_step: Widths must be multiples of it (2 for mirrored pairs); the search keeps to them.
    """

    kind: ClassVar[str] = "initializer"
    width_step: ClassVar[int] = 1

    @abstractmethod
    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw the weights of one network of width k, float64, in the shapes of ``model.shapes(problem.d, k)``."""


@dataclass(frozen=True)
class PairedBalls:
    """The weights W, v of k neurons with ‖w_j − w_j⁰‖ ≤ ε, v_{j+k/2} = −v_j, ζ ≤ s_j v_j ≤ κ; biases are free.

    Attributes:
        epsilon: ε, positive.
        zeta: ζ.
        kappa: κ; s_j is the sign of v_j at the start.
    """

    epsilon: float
    zeta: float
    kappa: float


@dataclass(frozen=True)
class Optimizer(Component, ABC):
    """A first-order method, stated for one network.

    Attributes:
        step_size: ``stable`` is c/λ_max(J₀J₀ᵀ) of each trial, ``theory`` the step of the theory that the regime names;
            or a number.
        c: Factor of the stable step. 1.5 was the best of those tried for gradient descent.
    """

    kind: ClassVar[str] = "optimizer"
    step_size: StepSize = "stable"
    c: Positive = 1.5

    def start(self, params: Params) -> Params:
        """Return the state of one network before the first step."""
        return {}

    @abstractmethod
    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Return weights and state of one network after one step. Pure: changes none of its arguments."""

    def heavy_ball(self) -> float | None:
        """Return β if the update is m ← βm − ηg, w ← w + m (0: gradient descent); None lets ``update`` do it."""
        return None

    def constraint(self) -> PairedBalls | None:
        """Return the set if the update is projected gradient descent onto it; a compiled solver then trains it."""
        return None

    def batch_size(self, n: int) -> int:
        """Return how many samples a step sees."""
        return n


@dataclass(frozen=True)
class Criterion(Component, ABC):
    """What is minimised, and what counts as a fit."""

    kind: ClassVar[str] = "criterion"

    @abstractmethod
    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the scalar loss of one network from outputs (n,) and labels (n,)."""

    @abstractmethod
    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the number that is compared with the tolerances, zero on a fit, from outputs (n,) and labels (n,)."""

    def curvature(self, n: int) -> float | None:
        """Return an upper bound of ∂²loss/∂f², which the stable step size needs; None where none is known."""
        return None


@dataclass(frozen=True)
class ResidualCriterion(Criterion, ABC):
    """A criterion that depends on the residual norm alone: loss a/2 ‖f − y‖², measure increasing in ‖f − y‖."""

    @abstractmethod
    def curvature(self, n: int) -> float:
        """Return a in loss = a/2 ‖f − y‖²."""

    @abstractmethod
    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return the measure from ‖f − y‖ and ‖y‖ (arrays or tensors of equal shape)."""

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return a/2 ‖f − y‖²."""
        residual = outputs - y
        return (0.5 * self.curvature(y.shape[-1])) * (residual * residual).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return ``measure_norm`` of the residual norm over the last axis."""
        import torch

        norm = torch.linalg.vector_norm(outputs - y, dim=-1)
        measured: Tensor = self.measure_norm(norm, torch.linalg.vector_norm(y, dim=-1), y.shape[-1])
        return measured


@dataclass(frozen=True)
class Network:
    """One network at some moment of its training, as diagnostics see it: float64, on the CPU.

    Attributes:
        model: What it is.
        optimizer: How it is trained.
        criterion: On what.
        problem: To fit what.
        params: Its weights now.
        start: Its weights before training.
        step_size: η.
        step: Steps taken.
    """

    model: Model
    optimizer: Optimizer
    criterion: Criterion
    problem: Problem
    params: Params
    start: Params
    step_size: float
    step: int


@dataclass(frozen=True)
class Diagnostic(Component, ABC):
    """A number that is measured on networks while they train, beside what is always recorded.

    Attributes:
        summary: What is kept of a trial: the value at its start (``first``), at its end (``last``), or the smallest
            or largest of those at steps 0, 1, 2, 5, 10, 20, 50, … and the end (``min``, ``max``). Trials that are
            solved exactly have a start only.
    """

    kind: ClassVar[str] = "diagnostic"
    summary: ClassVar[Literal["first", "last", "min", "max"]]

    @abstractmethod
    def measure(self, network: Network) -> float:
        """Return the number; NaN where it makes no sense."""


# --- regimes and theories -------------------------------------------------------------------------


@dataclass(frozen=True)
class Regime:
    """A composition of the four ingredients under a name.

    Attributes:
        name: What tables call it.
        theory: Name of the theory whose step size ``step_size = "theory"`` means; empty where there is none.
        summary: One line for ``harness plugins info``.
        diagnostics: What is measured on each trial besides.
    """

    name: str
    model: Model
    initializer: Initializer
    optimizer: Optimizer
    criterion: Criterion
    theory: str = ""
    summary: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Assumption:
    """One condition of a theorem, checked on the actual problem and regime.

    Attributes:
        text: The condition, short enough for a table note.
        holds: Whether it holds; None where it cannot be checked.
        found: What was found instead, or the measured value.
    """

    text: str
    holds: bool | None
    found: str = ""


@dataclass(frozen=True)
class Width:
    """A width evaluated on data: a number, or ∞/NaN with the reason.

    Attributes:
        value: The width; ``inf`` where no width suffices, ``nan`` where the expression does not apply.
        reason: Why it is not finite, or what it depended on.
    """

    value: float
    reason: str = ""


@dataclass(frozen=True)
class Exponents:
    """Claimed scaling k ~ n^a d^b up to logarithms.

    Attributes:
        large_n: (a, b) for n ≥ d.
        small_n: (a, b) for n ≤ d; None where the claim is the same.
        where: Of which inputs the law is claimed, where that is not inputs in general position on the sphere; widths
            evaluated on these need not follow it then.
    """

    large_n: tuple[float, float]
    small_n: tuple[float, float] | None = None
    where: str = field(default="", compare=False)

    def at(self, n: int, d: int) -> tuple[float, float]:
        """Return (a, b) that applies at (n, d)."""
        return self.small_n if self.small_n is not None and n < d else self.large_n


@dataclass(frozen=True)
class Construction:
    """A shallow net that fits a problem: built as a proof builds it, or found where the proof says that there is one.

    Attributes:
        weights: W (k, d) and v (k,), and b (k,) and c () where it has biases.
        activation: Name in :mod:`harness.activations`, or ``threshold`` for 1 where z > 0, else 0.
        residual: ‖f − y‖/‖y‖ that it reaches in float64.
        method: How it was made, as one line.
        note: What a reader must know besides, such as that labels were changed.
    """

    weights: Weights
    activation: str
    residual: float
    method: str
    note: str = ""

    @property
    def neurons(self) -> int:
        """Number of hidden neurons, k."""
        return len(self.weights["v"])

    @property
    def biases(self) -> bool:
        """Whether it has biases."""
        return "b" in self.weights


@dataclass(frozen=True)
class Theory(Component, ABC):
    """A published (or derived) claim about the width that is needed.

    Attributes:
        title: What tables call it: authors and year, statement number.
        reference: One line of bibliography.
        bibtex: One BibTeX entry; empty for results derived here.
        guarantee: What is promised at that width.
        certainty: How the text is known. Where parts are known differently, the weakest of those that fix the number.
        certainty_note: Which part is known how.
        formula: The width condition as one line.
        explicit: Whether the constant is printed in the source; otherwise widths are at C = 1.
        unit: What the source counts; widths returned here are always widths.
        exponents: Claimed scaling; None where there is none.
        home: The regime the theorem speaks of, written as in a suite.
    """

    kind: ClassVar[str] = "theory"
    title: ClassVar[str]
    reference: ClassVar[str]
    bibtex: ClassVar[str] = ""
    guarantee: ClassVar[Guarantee]
    certainty: ClassVar[Certainty]
    certainty_note: ClassVar[str] = ""
    formula: ClassVar[str]
    explicit: ClassVar[bool] = False
    unit: ClassVar[Literal["width", "parameters"]] = "width"
    exponents: ClassVar[Exponents | None] = None
    home: ClassVar[Mapping[str, Any]]

    @property
    def verified(self) -> bool:
        """Whether the claim may be printed without a mark."""
        return self.certainty in ("read", "derived")

    @abstractmethod
    def concerns(self, regime: Regime) -> bool:
        """Say whether the theory speaks of networks trained as in this regime; its row then stands beside it."""

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check the theorem's conditions on the actual problem and regime."""
        return ()

    @abstractmethod
    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the data-dependent width on the actual inputs, with unknown constants set to 1."""

    def scaling(self, n: int, d: int) -> float | None:
        """Evaluate the scaling law C n^a d^b at C = 1; None where the claim has no such form."""
        if self.exponents is None:
            return None
        a, b = self.exponents.at(n, d)
        return math.pow(n, a) * math.pow(d, b)

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Say whether the theorem's condition holds for this very network at its initial weights.

        None for claims that cannot be checked on one network, which is all that have an unknown constant.
        """
        return None

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction | None:
        """Return a network of the claimed width that fits the problem.

        None for claims that come without one; for theorems of existence whose proof is constructive, or whose network
        can be found numerically.

        Raises:
            ValueError: If there is none for this problem, with the reason.
        """
        return None

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return the step size of the theorem for loss a/2 ‖f − y‖² with a = 1; None where it gives none."""
        return None


# --- trials and outcomes --------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Cell:
    """One point of a suite: a regime at samples n, input dimension d, width k."""

    regime: str
    n: int
    d: int
    k: int


@dataclass(frozen=True)
class Outcome:
    """What became of one trial.

    Attributes:
        seed: The trial's number within its cell.
        hits: For each tolerance of the ladder the first step at which it was met; None if never. Minibatch methods
            look once an epoch, and end with a whole one.
        steps: Steps taken.
        measure: The criterion's measure at the last step (NaN where it was not finite).
        diverged: The measure grew beyond 10⁶ or stopped being a number.
        falling: Not stopped by a tolerance, and the measure fell by more than 1 % over the last tenth of the steps; for
            runs that are solved exactly, that it would still fall by more than 1 % with more steps.
        movement: ‖w − w₀‖ / ‖w₀‖ over the trained weights, up to 24 check points after the end (stacks look at their
            networks once in 25); None for runs that diverged.
        step_size: η.
        lambda_min: Smallest eigenvalue of J₀J₀ᵀ; None if not computed.
        lambda_max: Largest eigenvalue of J₀J₀ᵀ; None if not computed.
        rate: Fitted factor per step of the measure over the second half of the run; None from too few points.
        curve: The measure at steps 0, 1, 2, 5, 10, 20, 50, … as far as the run went.
        diagnostics: What the regime's diagnostics found, by name; those that found no number are left out.
        solver: Which solver trained it.
        device: Where.
        seconds: Its share of the batch's time.
        message: What went wrong, for errors.
    """

    seed: int
    hits: tuple[int | None, ...]
    steps: int
    measure: float
    diverged: bool = False
    falling: bool = False
    movement: float | None = None
    step_size: float | None = None
    lambda_min: float | None = None
    lambda_max: float | None = None
    rate: float | None = None
    curve: tuple[float, ...] = ()
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    solver: str = ""
    device: str = ""
    seconds: float = field(default=0.0, compare=False)
    message: str = ""

    def verdict(self, tolerance_index: int, steps: int | None = None) -> Verdict:
        """Judge the trial at a rung of the ladder, as if the budget had been ``steps``.

        >>> trial = Outcome(seed=0, hits=(120, None), steps=5000, measure=3e-2)
        >>> trial.verdict(0), trial.verdict(0, steps=100), trial.verdict(1)
        ('fit', 'unfit', 'unfit')
        """
        if self.message:
            return "error"
        hit = self.hits[tolerance_index]
        if hit is not None and (steps is None or hit <= steps):
            return "fit"
        return "diverged" if self.diverged and (steps is None or self.steps <= steps) else "unfit"
