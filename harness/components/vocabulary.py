"""Types that components share: arrays, weights, and the words of suites and theories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt
from numpy.typing import NDArray

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
"""A number, ``"stable"`` for c/λ_max(J₀J₀ᵀ) of each trial, or ``"theory"`` for the step of the regime's theory."""

Schedule = Literal["constant", "inverse-sqrt", "cosine", "step-decay"]
"""Courses of the step size, see :class:`harness.Optimizer`."""

TargetKind = Literal["numbers", "signs", "values", "one-hot"]
"""Kinds of labels: real numbers (n,), ±1 (n,), vectors (n, q), or rows (n, q) with a one in the column of the class."""

Outputs = Literal["one", "any"]
"""Numbers of outputs that a component has a form for: one, or any number q."""

Trained = Literal["hidden", "output", "all"]

Guarantee = Literal[
    "convergence",
    "landscape",
    "existence",
    "necessary",
    "linearised",
    "certificate",
    "special algorithm",
    "generalization",
]
"""Guarantees of theories at their widths. Only convergence and certificate are about fitting by training."""

Certainty = Literal["read", "derived", "abstract", "secondary", "memory"]
"""Sources of the text of a claim. All but read and derived are printed as unverified.

``read``: statement and conditions were read. ``derived``: proved here. ``abstract``: the scaling was read in the
authors' abstract, the conditions were not. ``secondary``: known from another author's text. ``memory``: neither.
"""

Verdict = Literal["fit", "unfit", "diverged", "error", "open"]
"""Verdicts on a trial. Only those with unlimited steps may be open."""

FateKind = Literal["fit proved", "stuck proved", "fit in the limit", "stuck in the limit", "open"]
"""Fates of a trial with unlimited steps. Only the first two are proved from the trained weights themselves."""

Reason = Literal[
    "dead samples",
    "local minimum",
    "rank",
    "too few weights",
    "diverged",
    "edge of stability",
    "still falling",
    "plateau",
]
"""Reasons why a trial does not fit. :data:`harness.components.reason.MEANING` explains each."""
