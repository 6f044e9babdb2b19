"""The condition of Song et al. evaluated on initializations, without bounds on σ_min(φ(W₀X))."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from harness import Activation, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.mathematics.kernels import output_kernel
from harness.mathematics.spectra import operator_norm, smallest_eigenvalue
from harness_train_all.instances import Start, near_isometry
from harness_train_all.theories import conditions as own
from harness_train_all.theories.drawn import start_at, widest
from harness_train_all.theories.search import smallest_width
from harness_train_all.theories.song import KINK, STEP, Song, SongTheory

VALUES = 2**21
"""Most feature values n·k of a network that is drawn."""


def limiting_start(problem: Problem, hidden: float, output: float) -> Callable[[Activation, float], Start]:
    """Return the limit of :func:`instances.start` at width k: F₀F₀ᵀ ≈ k E[φ(Xw)φ(Xw)ᵀ] with w ~ N(0, ω₁²).

    Args:
        problem: The problem.
        hidden: ω₁.
        output: ω₂√k.
    """

    def at(activation: Activation, k: float) -> Start:
        kernel = output_kernel(hidden * problem.x, activation)
        largest = float(np.linalg.eigvalsh(kernel)[-1])
        residual = math.sqrt(float(problem.y @ problem.y) + output**2 * float(np.trace(kernel)))
        return Start(
            smallest=math.sqrt(k * smallest_eigenvalue(kernel)),
            largest=math.sqrt(k * largest),
            residual=residual,
            output=output,
            inputs=operator_norm(problem.x),
        )

    return at


def beyond(found: Start, activation: Activation, k: float) -> float:
    """Solve the condition for the width, given the limit of the initialization at width k.

    μ² and σ_max² grow like k, the rest stays: 2μ⁶ = β²ν²h₀ is 2(kλ̃)³ = β²h₀(u + √(kΛ̃))².
    """
    growth = near_isometry(found, activation)
    slope, top = found.smallest**2 / k, found.largest / math.sqrt(k)
    fixed = growth.nu - found.largest

    def ratio(width: float) -> float:
        return 2.0 * (width * slope) ** 3 / (growth.beta**2 * growth.loss * (fixed + top * math.sqrt(width)) ** 2)

    low, high = 1e-3, 1.0
    while ratio(high) < 1:
        low, high = high, 4.0 * high
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if ratio(middle) >= 1 else (middle, high)
    return high


class SongDirect(SongTheory):
    """Theorem 2 with Lemma 3: gradient descent converges if h(w₀) ≤ C α_f μ⁶/(β²ν²), μ = σ_min(φ(W₀X)).

    Evaluated on drawn initializations of growing width, so that neither the shrinking of the higher Hermite parts
    nor the bounds on μ are left to a constant. Widths too large to draw are solved for with the limit of infinite
    width, μ² = kλ̃, λ̃ = λ_min(E[φ(Xw)φ(Xw)ᵀ]), w ~ N(0, ω₁²).
    """

    name = "song-direct"
    claim = replace(
        Song.claim,
        title="Song et al. 2021, condition (9) on the initialization",
        formula="‖f₀−y‖² ≤ 2Cμ⁶/(β²ν²), μ = σ_min(F₀), ν = B₁‖X‖‖v₀‖ + ‖F₀‖, β = √2‖X‖(B₁ + B₂‖v₀‖)",
        certainty_note="condition (9) and Lemma 3 in the main text of an anonymous submission; α_f = 2 derived; the "
        "constant is unknown and set to 1, and sup ‖v‖ along the path is taken at its start",
        unit="width",
        exponents=None,
    )
    conditions = (
        shared.smooth,
        shared.distinct_inputs,
        shared.without_biases,
        shared.quadratic_loss,
        shared.gradient_descent,
        STEP,
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Find the smallest width, to 10 %, at which condition (9) holds at C = 1."""
        activation = self.activation(regime)
        if not activation.smooth:
            return Width(math.nan, KINK)
        limit = own.fixed_scales(regime, problem.d)
        biases = regime.model.describe().biases
        most = widest(problem, VALUES)
        if limit is not None and not biases:
            found = limiting_start(problem, *limit)(activation, float(most))
            if found.smallest == 0:
                return Width(math.inf, "λ̃(X) = 0 to rounding: μ is too small to tell from 0")
            solved = beyond(found, activation, float(most))
            if solved > most:
                return Width(max(float(problem.n), solved), f"beyond k = {most}, with the limit μ² = kλ̃")
        drawn = smallest_width(
            lambda k: near_isometry(start_at(problem, regime, k), activation).ratio, 2.0, min(8 * problem.n, most), most
        )
        return (
            Width(math.inf, f"beyond k = {most}")
            if drawn is None
            else Width(float(drawn), "of one draw of the weights, to 10 %", noted=True)
        )
