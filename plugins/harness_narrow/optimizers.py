"""Constrained training: projected gradient descent that keeps mirrored pairs and stays near the initial weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import Model, NonNegative, Optimizer, PairedBalls, Positive

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params

HIDDEN = "W"
OUTPUT = "v"


@dataclass(frozen=True)
class Projected(Optimizer):
    """Projected gradient descent, w ← P(w − η ∇L(w)), on the narrow nets of Zhang et al. (arXiv 2210.12001).

    P is the Euclidean projection onto the set, the product over the k/2 mirrored pairs (j, j + k/2) of
        ‖w_j − w_j⁰‖ ≤ ε and ‖w_{j+k/2} − w_{j+k/2}⁰‖ ≤ ε        (a ball for each hidden neuron)
        v_{j+k/2} = −v_j and ζ ≤ s_j v_j ≤ κ                     (s_j the sign of v_j at the start)
    the second of them for each output if there are several,
    so that no neuron leaves the neighbourhood of its initial weights and none dies. The hidden weights of a pair are
    free to part, and do at the first step, as their gradients are opposite; were they tied too, f = 0 for ever.
    Every other weight, such as a bias, is unconstrained.

    Output weights that are drawn outside [ζ, κ] in size are brought inside by the first step.

    The shape of the set is that of the paper as far as it is known. That the ball is taken neuron by neuron, the
    values of ε, ζ and κ, and the step size are choices made here. Small balls hold the weights back before the labels
    are fitted. In large ones the method is gradient descent with the output weights tied in pairs.

    Attributes:
        c: Factor of the stable step; smaller than for gradient descent, since v grows where the balls are reached.
        epsilon: ε, how far the weight vector of a hidden neuron may move; the initial norms are about 1.
        zeta: ζ, smallest |v_j|.
        kappa: κ, largest |v_j|.
    """

    name: ClassVar[str] = "projected"
    needs: ClassVar[str] = "a model that trains weights W and v together (train = 'all')"
    c: Positive = 0.1
    epsilon: Positive = 4.0
    zeta: NonNegative = 0.01
    kappa: Positive = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.zeta > self.kappa:
            raise ValueError(f"zeta = {self.zeta:g} is above kappa = {self.kappa:g}: no v satisfies both")

    def accepts(self, model: Model) -> bool:
        """Return whether training moves both layers of a shallow net."""
        shapes, trained = model.shapes(2, 4), model.trained()
        moved = set(shapes if trained is None else trained)
        return {HIDDEN, OUTPUT} <= moved and shapes[OUTPUT] == (4,)

    def start(self, params: Params) -> Params:
        """Keep w⁰, (k, d), and the signs of the pairs, (k/2,) or (q, k/2)."""
        self._check(params)
        first = params[OUTPUT][..., : params[OUTPUT].shape[-1] // 2]
        return {"centre": params[HIDDEN].clone(), "signs": (first >= 0).to(first.dtype) * 2.0 - 1.0}

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Take one gradient step and project."""
        stepped = {name: params[name] - step_size * grad for name, grad in grads.items()}
        return self.project(stepped, state), state

    def project(self, params: Params, state: Params) -> Params:
        """Return the nearest weights of one network that satisfy the constraints.

        Args:
            params: W (k, d), v (k,) or (q, k), and any others, which are left alone.
            state: What :meth:`start` returned at the initial weights.
        """
        import torch

        hidden, output = params[HIDDEN], params[OUTPUT]
        half = output.shape[-1] // 2
        moved = hidden - state["centre"]
        length = (moved * moved).sum(1, keepdim=True).sqrt()
        # What lies beyond the ball is taken off, which is nothing, to the last bit, for weights inside it.
        excess = moved * (1.0 - self.epsilon / length.clamp(min=self.epsilon))
        size = (state["signs"] * (output[..., :half] - output[..., half:]) * 0.5).clamp(self.zeta, self.kappa)
        pair = state["signs"] * size
        return {**params, HIDDEN: hidden - excess, OUTPUT: torch.cat([pair, -pair], -1)}

    def constraint(self) -> PairedBalls | None:
        """Return the set."""
        return PairedBalls(self.epsilon, self.zeta, self.kappa) if self.steady() else None

    def _check(self, params: Params) -> None:
        if HIDDEN not in params or OUTPUT not in params:
            raise ValueError(
                f"the projected method trains a hidden layer {HIDDEN} and an output layer {OUTPUT} together; "
                f"found {', '.join(sorted(params))}: set train = 'all'"
            )
        if params[OUTPUT].shape[-1] % 2:
            raise ValueError(f"mirrored pairs need an even width, found k = {params[OUTPUT].shape[-1]}")
