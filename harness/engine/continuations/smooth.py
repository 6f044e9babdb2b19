"""Nets of a smooth activation: fits and strict minima, proved from gradient descent's own weights or in the limit.

The order is the cheapest first. A certificate of a fit is tried at the trained weights. Where the observed rate says
that it will soon hold, gradient descent goes on until it does. Else the path is followed in leaps to its end. An end
that gradient descent reaches with few more steps is then proved from its own weights, and others are fates in the
limit. A path on which η λ_max reaches 2 is left open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Continuation, Descend, Fate, Regime, ResidualCriterion, TrainedTrial, Weights
from harness.engine.shallow import ShallowSolver, not_shallow
from harness.mathematics.limit import Certificate, Net, Path, Point, certify, follow
from harness.mathematics.limit.leaps import splits
from harness.mathematics.limit.point_rounding import EVALUATION
from harness.mathematics.limit.rounding import UNIT

if TYPE_CHECKING:
    from harness.components import Array, FateKind, ShallowForm, Trial

NEAR = 0.05
"""Relative residual above which no certificate of a fit is tried, since none holds there."""

PATIENCE = 2.0
"""Steps that may be taken for a proof, in steps of the training. They are in float64, at twice the cost of float32."""

EDGE_PATIENCE = 0.5
"""Share of these steps that is taken where η λ_max reaches 2 on the path, before the path is followed once more."""

FEWEST = 1000
"""Steps that may be taken for a proof in any case."""

ROUNDS = 8
"""Most runs of gradient descent for a proof."""

SHORT_OF = 2.5
"""Margin that a run of gradient descent aims at."""

LEAP_WORK = 8.0
"""Work of all leaps, in budgets of the training."""

LEAP_SPEED = 3.0
"""Time of one operation of a leap, in that of a step of the compiled kernel (measured, n = 100 to 400)."""

MOST_LEAPS = 600
"""Most leaps of a path."""

MOST_ROWS = 8000
"""Most rows of a matrix that is decomposed. About ten such matrices are in memory at once, 5 GiB (measured)."""

CAUSES = {"edge": "edge", "unfinished": "out_of_leaps", "large": "too_large"}
"""The constants of open fates that say at which bound a path ended, by the end of the path."""


class Smooth(Continuation):
    """Certificates D1g and D4 of a fit, that of a strict minimum, and leaps along the gradient flow."""

    name: ClassVar[str] = "smooth"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "smooth activations, hidden or both layers: fits and strict minima, proved or in the limit"
    preference: ClassVar[int] = 10

    def refuses(self, regime: Regime, q: int) -> str:
        """Return why the theorems do not apply to a regime, or an empty string."""
        if q > 1:
            return f"it knows networks of one output, not of {q}"
        form = ShallowSolver.form(regime)
        if form is None:
            return not_shallow(regime.model)
        if form.trains == "output":
            return "the output layer alone is trained, which is a linear model"
        phi = form.activation
        if not all(math.isfinite(bound) for bound in (phi.b1, phi.b2, phi.b3)):
            return f"activation {phi} has no known bounds of φ', φ'' and φ'''"
        return "" if phi.d2phi(np.zeros(1)) is not None else f"activation {phi} does not give φ''"

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        """Return the fate of a trial."""
        task = _Task.of(regime, trained.trial)
        if not task.net.k:
            return Fate("open")
        search = _Search(task, trained, descend, most)
        return search.too_large() if task.rows > MOST_ROWS else search.fate()


@dataclass(frozen=True)
class _Task:
    """The net h' of a trial, whose gradient descent has the same weights.

    f = αh or α(h − h₀), so f − y = α(h' − y') with y' = y/α, less a fixed output bias, or y/α + h₀. Biases are weights
    of one more input that is 1. Neurons without an output weight never move, and are left out.
    """

    net: Net
    step_size: float
    scale: float
    y_norm: float
    kept: Array
    biases: bool

    @classmethod
    def of(cls, regime: Regime, trial: Trial) -> _Task:
        form = ShallowSolver.form(regime)
        criterion, problem, weights = regime.criterion, trial.problem, trial.weights
        assert form is not None
        assert isinstance(criterion, ResidualCriterion)
        both = form.trains == "all"
        kept = np.ones(trial.k, dtype=bool) if both else weights["v"] != 0.0
        x = np.column_stack([problem.x, np.ones(problem.n)]) if form.biases else problem.x
        net = Net(form.activation, x, problem.y / form.scale, weights["v"][kept], both, both and form.biases)
        step = form.scale**2 * criterion.curvature(problem.n) * regime.model.loss_weight() * trial.step_size
        task = cls(net, step, form.scale, float(np.linalg.norm(problem.y)), kept, form.biases)
        return replace(task, net=task._with_labels(form, weights))

    def _with_labels(self, form: ShallowForm, weights: Weights) -> Net:
        """Return the net with the labels y', and bounds of their errors."""
        net, c = self.net, float(weights["c"]) if "c" in weights else 0.0
        error: Array | float = UNIT * np.abs(net.y) if form.scale != 1.0 else 0.0
        if form.centred:
            start = replace(net, y=np.zeros(net.n)).at(self.theta(weights))
            moved = start.residual + (0.0 if net.offset else c)
            y = net.y + moved
            return replace(net, y=y, label_error=error + start.rounding.residual + EVALUATION * (np.abs(y) + abs(c)))
        if c == 0.0 or net.offset:
            return replace(net, label_error=error)
        return replace(net, y=net.y - c, label_error=error + UNIT * (np.abs(net.y) + abs(c)))

    @property
    def rows(self) -> int:
        """Rows of the largest matrix that is decomposed."""
        n, p = self.net.n, self.net.size
        return n if splits(n, p) else max(n, p)

    def theta(self, weights: Weights) -> Array:
        """Return the trained weights θ."""
        w = np.column_stack([weights["W"], weights["b"]]) if self.biases else weights["W"]
        parts = [w[self.kept].ravel()]
        parts += [weights["v"]] if self.net.both else []
        parts += [np.atleast_1d(weights["c"])] if self.net.offset else []
        return np.concatenate(parts)

    def point(self, weights: Weights) -> Point:
        """Return the net at weights."""
        return self.net.at(self.theta(weights))

    def relative(self, norm: float) -> float:
        """Return ‖f − y‖/‖y‖ from ‖h' − y'‖."""
        return abs(self.scale) * norm / self.y_norm


class _Search:
    """The search for the fate of one trial."""

    def __init__(self, task: _Task, trained: TrainedTrial, descend: Descend, most: int) -> None:
        self.task, self.descend = task, descend
        self.weights, self.spent, self.largest = trained.weights, 0, 0.0
        self.allowed = min(max(int(PATIENCE * trained.steps), FEWEST), most)
        rate = trained.outcome.rate
        self.rate = -math.log(rate) if rate is not None and 0.0 < rate < 1.0 else 0.0
        self.leaps = most_leaps(task.net.n, task.net.size, most)
        self.point = task.point(self.weights)

    def fate(self) -> Fate:
        """Return the fate."""
        certificate = self._own_fit()
        if certificate is not None:
            return self._decided("fit proved", certificate)
        if not math.isfinite(self.point.norm):
            return self._open(math.inf)
        path = self._follow()
        if path.end == "edge" and self._goes_on(EDGE_PATIENCE * self.allowed):
            certificate = self._own_fit()
            if certificate is not None:
                return self._decided("fit proved", certificate)
            path = self._follow()
        if path.end == "fit":
            return self._fit(path)
        return self._minimum(path) if path.end == "minimum" else self._open(path.point.norm, path)

    def too_large(self) -> Fate:
        """Return the fate of a net that is too large to be looked at."""
        fate = self._open(self.point.norm)
        return replace(fate, constants={**fate.constants, "too_large": 1.0})

    def _follow(self) -> Path:
        path = follow(self.point, self.task.step_size, self.leaps)
        self.largest = path.largest
        return path

    def _own_fit(self) -> Certificate | None:
        """Return a proof of a fit from gradient descent's own weights, which may go on for it."""
        for _ in range(ROUNDS):
            point = self.point
            if point.net.size < point.net.n or not self.task.relative(point.norm) <= NEAR:
                return None
            found = certify(point, self.task.step_size)
            if found is None or found.proved:
                return found
            ratio = SHORT_OF / found.margin
            needed = 1.1 * math.log(ratio) / self.rate if self.rate > 0.0 else math.inf
            if not self._goes_on(needed, self.task.relative(point.norm) / ratio):
                return None
        return None

    def _goes_on(self, steps: float, residual: float = 0.0) -> bool:
        """Take steps of gradient descent if so many are allowed, and return whether it still converges."""
        if not self.spent + steps <= self.allowed:
            return False
        before = self.point.norm
        self.weights, taken, reached = self.descend(self.weights, math.ceil(steps) + 1, residual)
        self.spent += taken
        self.point = self.task.point(self.weights)
        self.rate = math.log(before / self.point.norm) / taken if taken and 0.0 < self.point.norm < before else 0.0
        return math.isfinite(reached)

    def _fit(self, path: Path) -> Fate:
        """Return the fate of a path to a fit, proved if gradient descent gets there in the steps that are allowed."""
        assert path.certificate is not None
        if self._goes_on(1.2 * path.steps, self.task.relative(path.point.norm)):
            found = self._own_fit()
            if found is not None:
                return self._decided("fit proved", found)
        return self._decided("fit in the limit", path.certificate, path)

    def _minimum(self, path: Path) -> Fate:
        """Return the fate of a path to a minimum, proved if gradient descent gets there in the steps allowed."""
        assert path.certificate is not None
        assert path.minimum is not None
        for _ in range(2):
            found = path.minimum.certify(self.point, self.task.step_size)
            if found is not None and found.proved:
                return self._decided("stuck proved", found, path)
            if not self._goes_on(path.steps + path.minimum.steps_to_ball(path.point, self.task.step_size)):
                break
        return self._decided("stuck in the limit", path.certificate, path)

    def _decided(self, kind: FateKind, certificate: Certificate, path: Path | None = None) -> Fate:
        fit = kind in ("fit proved", "fit in the limit")
        constants = {"radius": certificate.radius, **certificate.constants}
        if path is not None and kind.endswith("limit"):
            constants |= {"leaps": float(path.leaps), "further_steps": path.steps}
        constants = {name: _digits(value) for name, value in constants.items()}
        residual = 0.0
        if not fit:
            assert path is not None
            assert path.minimum is not None
            residual = _digits(self.task.relative(path.minimum.point.norm))
            if kind == "stuck proved":
                constants["floor"] = _digits(self.task.relative(certificate.floor) * (1.0 - 1e-4))
        return Fate(
            kind,
            certificate=certificate.name,
            margin=_digits(certificate.margin) if math.isfinite(certificate.margin) else None,
            residual=residual,
            max_eta_lambda=self._sharpest(certificate),
            work=self.spent,
            constants=constants,
        )

    def _sharpest(self, certificate: Certificate) -> float:
        """Return the largest η λ_max that was met."""
        constants = certificate.constants
        here = constants.get("sharpness", constants.get("beta", 0.0) ** 2)
        return _digits(max(self.largest, self.task.step_size * here))

    def _open(self, norm: float, path: Path | None = None) -> Fate:
        constants = {} if not math.isfinite(norm) else {"reached": _digits(self.task.relative(norm))}
        if path is not None:
            constants |= {"leaps": float(path.leaps), "further_steps": _digits(path.steps)}
            constants |= {CAUSES[path.end]: 1.0} if path.end in CAUSES else {}
        largest = _digits(self.largest) if self.largest else None
        return Fate("open", max_eta_lambda=largest, work=self.spent, constants=constants)


def most_leaps(n: int, p: int, most: float) -> int:
    """Return the most leaps of a path, whose work is at most that of :data:`LEAP_WORK` budgets but for what follows.

    Where later leaps solve systems, each takes the time of about 600 steps more (measured, n = 100 to 800). Where they
    decompose the Hessian for p ≥ 2n, it has at most :data:`harness.mathematics.limit.leaps.IN_WEIGHTS` rows.

    Args:
        n: Number of samples.
        p: Number of trained weights.
        most: Number of steps that the continuation may take.
    """
    size = min(n, p) if p >= 2 * n else p
    # The work of a leap in steps of gradient descent: a decomposition, and a Hessian or kernel.
    steps = LEAP_SPEED * (9.0 * size**3 + 2.0 * n * p * size) / (8.0 * n * p)
    return min(MOST_LEAPS, int(LEAP_WORK * most / (10.0 * steps)))


def decompositions(regime: Regime, trial: Trial, most: int) -> int:
    """Follow the path of a trial from its initial weights, and return the number of decompositions that this took.

    Args:
        regime: What is trained.
        trial: The trial.
        most: Most leaps.
    """
    task = _Task.of(regime, trial)
    return follow(task.point(trial.weights), task.step_size, most).leaps + 1


def _digits(value: float) -> float:
    """Return four digits of a number, so that the last bits of a linear algebra library do not show."""
    return float(f"{value:.4g}")
