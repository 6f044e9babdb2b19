"""ReLU and leaky nets whose hidden layer is trained: the kink certificate, at the end of training and further on."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.components import (
    Array,
    Continuation,
    Descend,
    Fate,
    Regime,
    ResidualCriterion,
    ShallowForm,
    TrainedTrial,
    Trial,
    Weights,
)
from harness.engine.shallow import ShallowSolver, not_shallow
from harness.mathematics.activations.piecewise import LeakyRelu, Relu
from harness.mathematics.counting import counted
from harness.mathematics.limit.kink import MOST_ROWS, KinkCertificate, KinkedDescent, certify
from harness.mathematics.limit.rounding import UNIT, gamma

GROWTH = 0.125
"""Steps between two tests, as a share of all steps taken so far."""

RATE_GROWTH = 0.25
"""Steps over which the rate of the residual is measured, likewise."""

FEWEST = 250
"""Fewest steps between two tests."""

NEAR = 1e-5
"""Relative residual of the live samples that is awaited. Most certificates hold before."""

FASTER = 1.5
"""Times the present rate at which the residual may fall later. If that is not enough, no more steps are spent."""

SURE = 2.0
"""Margin from which a certificate allows for the rounding of the steps as well. One short chunk is spent on it."""


class Kink(Continuation):
    """The kink certificate for one hidden layer with ReLU or leaky ReLU.

    Where an exact fit has probability zero because there are too few weights, no steps are spent. Otherwise gradient
    descent goes on between tests until the certificate holds, the steps are spent, or the residual of the live
    samples would not become small with the steps that are left.
    """

    name: ClassVar[str] = "kink"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "ReLU and leaky ReLU, hidden layer trained: fits and stuck nets, proved at kinks"
    preference: ClassVar[int] = 20

    def refuses(self, regime: Regime, q: int) -> str:
        """Return why the theorem does not apply to a regime, or an empty string."""
        reason, form = no_kinks(regime, q), ShallowSolver.form(regime)
        if reason or form is None or form.trains == "hidden":
            return reason
        return "the output layer is trained, and the net is then not linear between kinks"

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        """Return the fate of a trial."""
        return followed(KinkedNet(regime, trained.trial), regime, trained, descend, most)


def no_kinks(regime: Regime, q: int) -> str:
    """Return why a regime is no shallow net of one output with a ReLU or leaky ReLU, or an empty string."""
    if q > 1:
        return f"it knows networks of one output, not of {q}"
    form = ShallowSolver.form(regime)
    if form is None:
        return not_shallow(regime.model)
    if type(form.activation) not in (Relu, LeakyRelu):
        return f"activation {form.activation} is not linear on both sides of 0"
    return ""


def followed(
    net: KinkedNet,
    regime: Regime,
    trained: TrainedTrial,
    descend: Descend,
    most: int,
    near: float = NEAR,
    kept: float = math.inf,
    least: float = 0.0,
) -> Fate:
    """Return the fate of a trial, with gradient descent followed until the certificate of a net holds.

    Args:
        net: The net of the trial.
        regime: What was trained.
        trained: The trial at the end of training.
        descend: Takes steps.
        most: Largest number of steps.
        near: Relative residual of the live samples that is awaited.
        kept: Share of a residual that small above which no more steps are spent when the rate is next looked at.
        least: Relative residual below which steps do not come. Where the set P of now needs a smaller one, they end.
    """
    weights, spent = trained.weights, 0
    if trained.trial.problem.n > MOST_ROWS:
        return net.open(weights, 0, too_large=True)
    live = net.live_residual(weights)
    found = net.certificate(weights)
    if counted(regime, trained.trial.problem, trained.trial.k):  # more steps do not change the answer
        fate = net.fate(found, 0) if found.holds else net.open(weights, 0)
        return replace(fate, constants={**fate.constants, "counted": 1.0})
    marked = 0  # steps spent when the rate was last looked at
    while not found.holds and spent < most:
        chunk = min(max(int(GROWTH * (trained.steps + spent)), FEWEST), most - spent)
        weights, taken, reached = descend(weights, chunk, 0.0)
        spent += taken
        if taken < chunk or not math.isfinite(reached):
            return net.open(weights, spent)
        found = net.certificate(weights)
        if spent - marked < RATE_GROWTH * (trained.steps + marked) and spent < most:
            continue
        before, live = live, net.live_residual(weights)
        if _too_slow(before, live, spent - marked, most - spent, near, kept):
            break
        if live <= near and found.reason == "length" and found.margin * live < SURE * least:
            break
        marked = spent
    if found.holds and found.margin < SURE:
        further, taken, _ = descend(weights, min(max(spent // 10, FEWEST), most - spent), 0.0)
        later = net.certificate(further)
        if later.holds:
            found, spent = later, spent + taken
    return net.fate(found, spent) if found.holds else net.open(weights, spent, too_large=found.reason == "rows")


def _too_slow(before: float, live: float, steps: int, left: int, near: float, kept: float) -> bool:
    """Return whether the residual of the live samples would stay above ``near`` at about the present rate, or stays."""
    if live <= near:
        return live > kept * before
    rate = math.log(before / live) / steps if before > 0.0 else 0.0
    return math.log(live / near) > FASTER * rate * left


class KinkedNet:
    """The net h with labels of its own whose gradient descent is that of a trial.

    f = αh or α(h − h₀) with h = Σ v_j φ(w_j·x + b_j) + c, and the loss a/2 ‖f − y‖² = aα²/2 ‖h' − y'‖² with h' = h − c
    and y' = y/α − c, or y/α + h'₀ where h₀ is taken off. Biases are weights of one more input that is 1.

    Attributes:
        theorem: Name of the certificate.
    """

    theorem: ClassVar[str] = "kink"

    def __init__(self, regime: Regime, trial: Trial) -> None:
        form = ShallowSolver.form(regime)
        criterion, problem = regime.criterion, trial.problem
        assert form is not None
        assert isinstance(criterion, ResidualCriterion)
        self.scale = form.scale
        slope = form.activation.slope if isinstance(form.activation, LeakyRelu) else 0.0
        self.biases = form.biases
        self.y_norm = float(np.linalg.norm(problem.y))
        step = form.scale**2 * criterion.curvature(problem.n) * regime.model.loss_weight() * trial.step_size
        x = np.column_stack([problem.x, np.ones(problem.n)]) if self.biases else problem.x
        self.offset = form.trains == "all" and form.biases
        labels, error = self._labels(form, trial, x)
        self.descent = KinkedDescent(x, labels, trial.weights["v"], step, slope, error)

    def _labels(self, form: ShallowForm, trial: Trial, x: Array) -> tuple[Array, Array | float]:
        """Return y' and bounds of its errors."""
        y, weights = trial.problem.y, trial.weights
        labels = y / form.scale
        error: Array | float = UNIT * np.abs(labels) if form.scale != 1.0 else 0.0
        if form.centred:
            w, v = self.hidden(weights), weights["v"]
            values = form.activation.phi(x @ w.T)
            size = np.abs(values) @ np.abs(v)
            arguments = gamma(x.shape[1] + 4) * (np.abs(x) @ np.abs(w).T)
            c = float(weights["c"]) if self.offset else 0.0
            moved = labels + values @ v + c
            error = error + arguments @ np.abs(v) * 1.01 + gamma(len(v) + 8) * (size + np.abs(labels) + abs(c))
            return moved, error
        if "c" in weights and not self.offset:
            c = float(weights["c"])
            return labels - c, error + UNIT * np.abs(labels - c)
        return labels, error

    def hidden(self, weights: Weights) -> Array:
        """Return W, with hidden biases as a last column."""
        return np.column_stack([weights["W"], weights["b"]]) if self.biases else weights["W"]

    def at(self, weights: Weights) -> KinkedDescent:
        """Return what is trained on from weights; here it is the same for all."""
        return self.descent

    def certificate(self, weights: Weights) -> KinkCertificate:
        """Return the certificate at weights."""
        return certify(self.at(weights), self.hidden(weights))

    def live_residual(self, weights: Weights) -> float:
        """Return the residual norm of samples with a neuron that is on, relative to ‖y‖."""
        r, live = self._residual(weights)
        return self.scale * float(np.linalg.norm(r[live])) / self.y_norm

    def _residual(self, weights: Weights) -> tuple[Array, NDArray[np.bool_]]:
        """Return the residual h' − y', and which samples have a gradient."""
        descent = self.at(weights)
        z = descent.x @ self.hidden(weights).T
        slopes = np.where(z > 0.0, 1.0, descent.slope) * descent.v
        live: NDArray[np.bool_] = np.logical_and(slopes.any(axis=1), descent.x.any(axis=1))
        return (slopes * z).sum(axis=1) - descent.y, live | self.offset

    def open(self, weights: Weights, spent: int, *, too_large: bool = False) -> Fate:
        """Return the fate of a trial that no certificate decides, with the residual that it has reached.

        Args:
            weights: Weights that it has reached.
            spent: Steps that were taken.
            too_large: Whether a certificate would have taken too large a matrix.
        """
        r, live = self._residual(weights)
        reached = self.scale * float(np.linalg.norm(r)) / self.y_norm
        constants = {"dead": float((~live).sum()), "reached": _digits(reached)}
        return Fate("open", work=spent, constants=constants | ({"too_large": 1.0} if too_large else {}))

    def fate(self, found: KinkCertificate, spent: int) -> Fate:
        """Return the fate that follows from a certificate that holds."""
        constants = {"dead": float(found.dead.sum()), "kinks": float(found.kinks)}
        if found.floor == 0.0 < found.residual:  # whether the labels of dead samples are 0 is lost in rounding
            return Fate("open", work=spent, constants=constants)
        constants["radius"] = _digits(found.radius * (1.0 + 5e-4))
        relative = self.scale / self.y_norm
        fit = found.residual == 0.0
        if not fit:
            constants["floor"] = found.floor * relative * (1.0 - 1e-14)
        return Fate(
            kind="fit proved" if fit else "stuck proved",
            certificate=self.theorem,
            margin=_digits(found.margin) if math.isfinite(found.margin) else None,
            residual=0.0 if fit else found.residual * relative,
            max_eta_lambda=_digits(found.curvature),
            work=spent,
            constants=constants,
        )


def _digits(value: float) -> float:
    """Return four digits of a number, so that the last bits of a linear algebra library do not show."""
    return float(f"{value:.4g}")
