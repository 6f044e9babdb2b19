"""Diagnostics of any network: errors on samples that it was trained on or not, ranks, and changes of sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import Diagnostic, without_factors

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Network, Params, Problem, Samples

Summary = Literal["first", "last", "min", "max"]


def error(network: Network, samples: Problem | Samples | None) -> float:
    """Return the share of wrong labels of a network on samples, or ‖f − y‖/‖y‖ if labels are neither signs nor classes.

    Args:
        network: The network.
        samples: Inputs and labels, or None if the problem has none.

    Returns:
        The error, or NaN without samples.
    """
    import torch

    if samples is None:
        return math.nan
    x, y = torch.from_numpy(samples.x), torch.from_numpy(samples.y)
    params = network.params if samples is network.problem else without_factors(network.params)
    return _error_of(network, network.model.forward(params, x), y)


def _error_of(network: Network, outputs: Tensor, y: Tensor) -> float:
    import torch

    if classified(network.problem):
        return float(network.criterion.wrong(outputs, y)) / len(y)
    return float(torch.linalg.vector_norm(outputs - y) / torch.linalg.vector_norm(y))


def classified(problem: Problem) -> bool:
    """Return whether the labels of a problem are classes or signs."""
    return problem.classes is not None or bool((abs(problem.y) == 1.0).all())


class TrainingError(Diagnostic):
    """Share of wrong labels among the samples that it was trained on, or ‖f − y‖/‖y‖ for labels that are numbers."""

    name: ClassVar[str] = "training-error"
    summary: ClassVar[Summary] = "last"

    def measure(self, network: Network) -> float:
        """Return the error on the problem."""
        return error(network, network.problem)


class FinalMeasure(Diagnostic):
    """The criterion's measure at the end of training, on the samples that it was trained on.

    With ``fit = { diagnostic = "final-measure", at_most = … }`` a trial fits if it does so at its end. It is the rule
    of the published grid script of Polaczyk and Cyranka (TMLR, arXiv 2201.12052). A tolerance that no trial meets,
    listed last, makes training go on to the end of the budget.
    """

    name: ClassVar[str] = "final-measure"
    summary: ClassVar[Summary] = "last"

    def measure(self, network: Network) -> float:
        """Return the measure of the outputs."""
        import torch

        x, y = torch.from_numpy(network.problem.x), torch.from_numpy(network.problem.y)
        return float(network.criterion.measure(network.model.forward(network.params, x), y))


class HeldOutError(Diagnostic):
    """Share of wrong labels among the held-out samples, or ‖f − y‖/‖y‖ for labels that are numbers."""

    name: ClassVar[str] = "held-out-error"
    summary: ClassVar[Summary] = "last"
    samples: ClassVar[Literal["", "held_out", "validation"]] = "held_out"

    def measure(self, network: Network) -> float:
        """Return the error on the held-out samples, or NaN without any."""
        return error(network, network.problem.held_out)


class HeldOutAccuracy(Diagnostic):
    """Share of right labels among the held-out samples, which have to be signs or classes."""

    name: ClassVar[str] = "held-out-accuracy"
    summary: ClassVar[Summary] = "last"
    samples: ClassVar[Literal["", "held_out", "validation"]] = "held_out"

    def measure(self, network: Network) -> float:
        """Return the accuracy on the held-out samples, or NaN without any, and where labels are numbers."""
        return 1.0 - error(network, network.problem.held_out) if classified(network.problem) else math.nan


class ValidationError(Diagnostic):
    """Share of wrong labels among the validation samples, or ‖f − y‖/‖y‖ for labels that are numbers."""

    name: ClassVar[str] = "validation-error"
    summary: ClassVar[Summary] = "last"
    samples: ClassVar[Literal["", "held_out", "validation"]] = "validation"

    def measure(self, network: Network) -> float:
        """Return the error on the validation samples, or NaN without any."""
        return error(network, network.problem.validation)


class InitialRank(Diagnostic):
    """rank(J₀)/(nq) of the Jacobian in the trained weights at the start: 1 where the start's linear region is full.

    A network of piecewise linear activations is, in the region of its weights, linear in each layer. Karhadkar, Murray,
    Tseran and Montúfar (arXiv 2305.19510) count the regions in which J has full rank: there, every stationary point
    fits. Over random starts, the share of trials with 1 is the probability of such a region. Singular values
    below max(nq, p) · 2⁻⁵² of the largest count as zero. The probability of full rank does not fall with the width,
    since further neurons add columns to J.
    """

    name: ClassVar[str] = "initial-rank"
    summary: ClassVar[Summary] = "first"
    monotone: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        """Return the rank over the number of labels."""
        return _rank(network, network.start)


class FinalRank(Diagnostic):
    """rank(J)/(nq) of the Jacobian in the trained weights at the end of training.

    Singular values below max(nq, p) · 2⁻⁵² of the largest count as zero.
    """

    name: ClassVar[str] = "final-rank"
    summary: ClassVar[Summary] = "last"

    def measure(self, network: Network) -> float:
        """Return the rank over the number of labels."""
        return _rank(network, network.params)


class PatternFlips(Diagnostic):
    """Share of the pairs of a sample and a neuron at which Wx + b has another sign at the end than at the start.

    Du, Zhai, Póczos and Singh (arXiv 1810.02054) bound it by O(R) for ReLU nets whose weights move by at most R.
    """

    name: ClassVar[str] = "pattern-flips"
    summary: ClassVar[Summary] = "last"

    def measure(self, network: Network) -> float:
        """Return the share, or NaN for models without hidden weights W."""
        import torch

        x = torch.from_numpy(network.problem.x)
        if "W" not in network.params or "W" not in network.start:
            return math.nan
        before, after = (
            x @ params["W"].mT + params.get("b", torch.zeros(1, dtype=x.dtype))
            for params in (network.start, network.params)
        )
        return float(((before > 0) != (after > 0)).double().mean())


class LinearisedHeldOutError(Diagnostic):
    """Held-out error of the linearised network after unlimited steps of gradient descent, as ``held-out-error`` counts.

    Its outputs are f₀(x) + J₀(x) J₀⁺ (y − f₀): the interpolator that is nearest to the start. Of a model that is linear
    in its trained weights this is the network itself, so that double descent shows without training. It is NaN where J₀
    of the problem or of the held-out samples takes more than :data:`MOST_JACOBIAN` bytes.
    """

    name: ClassVar[str] = "linearised-held-out-error"
    summary: ClassVar[Summary] = "first"
    samples: ClassVar[Literal["", "held_out", "validation"]] = "held_out"

    def measure(self, network: Network) -> float:
        """Return the error on the held-out samples, or NaN without any."""
        import torch

        held_out = network.problem.held_out
        if held_out is None or _too_large(network, max(network.problem.n, len(held_out.x))):
            return math.nan
        x, y = torch.from_numpy(network.problem.x), torch.from_numpy(network.problem.y)
        residual = (y - network.model.forward(network.start, x)).reshape(-1)
        moved = torch.linalg.lstsq(jacobian_of(network, network.start, x), residual[:, None], driver="gelsd").solution
        new, labels = torch.from_numpy(held_out.x), torch.from_numpy(held_out.y)
        start = without_factors(network.start)
        linear = (jacobian_of(network, start, new) @ moved).reshape(labels.shape)
        return _error_of(network, network.model.forward(start, new) + linear, labels)


MOST_JACOBIAN = 2**33
"""Bytes from which a Jacobian in float64 is not formed: 8 GiB."""


def _too_large(network: Network, n: int) -> bool:
    """Return whether the Jacobian of n samples is too large to be formed."""
    names = network.model.trained()
    trained = sum(value.numel() for name, value in network.start.items() if names is None or name in names)
    return 8 * n * network.problem.q * trained > MOST_JACOBIAN


def _rank(network: Network, params: Params) -> float:
    import torch

    if _too_large(network, network.problem.n):
        return math.nan
    jacobian = jacobian_of(network, params, torch.from_numpy(network.problem.x))
    if not bool(torch.isfinite(jacobian).all()):
        return math.nan
    return float(torch.linalg.matrix_rank(jacobian)) / len(jacobian)


def jacobian_of(network: Network, params: Params, x: Tensor) -> Tensor:
    """Return J of all outputs in the trained weights, (nq, p).

    Args:
        network: The network.
        params: Weights at which it is taken.
        x: Inputs, (n, d).
    """
    import torch

    names = network.model.trained()
    moved = {name: value for name, value in params.items() if names is None or name in names}
    fixed = {name: value for name, value in params.items() if name not in moved}

    def outputs(weights: Params) -> Tensor:
        return network.model.forward({**fixed, **weights}, x).reshape(-1)

    parts = torch.func.jacrev(outputs)(moved)
    return torch.cat([part.reshape(part.shape[0], -1) for part in parts.values()], dim=1)


DIAGNOSTICS = [
    TrainingError,
    FinalMeasure,
    HeldOutError,
    HeldOutAccuracy,
    ValidationError,
    InitialRank,
    FinalRank,
    PatternFlips,
    LinearisedHeldOutError,
]
"""The diagnostics of this package."""
