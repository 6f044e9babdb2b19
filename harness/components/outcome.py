"""Records of trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.components.vocabulary import FateKind, Verdict


@dataclass(frozen=True, order=True)
class Cell:
    """One point of a suite: a regime at samples n, input dimension d, width k."""

    regime: str
    n: int
    d: int
    k: int


@dataclass(frozen=True)
class Fate:
    """The end of a trial beyond its budget, with the certificate that shows it.

    Attributes:
        kind: One of five. ``open`` has no certificate.
        certificate: Name of the theorem that applies, or an empty string.
        margin: Quotient by which the theorem's condition holds. Values below 2 are certified up to rounding only.
        residual: Relative residual ‖r‖/‖y‖ in the limit: 0 for an exact fit.
        max_eta_lambda: Largest η λ_max met on the way.
        work: Number of steps taken beyond the budget.
        constants: Further numbers of the certificate by name, such as a radius or the number of leaps. ``floor`` is a
            proved lower bound of the relative residual at all later steps. ``counted`` is 1 where an exact fit has
            probability zero, since there are fewer effective weights than labels.
            ``measure`` and ``measure_floor`` are ``residual`` and ``floor`` in terms of a criterion whose measure is
            another. ``from_step`` is the step whose weights it began with, where that is not the last one.
            ``handed_over`` is 0 where the solver handed over no weights.
        continuation: Name and version of what decided it.
        message: Error message of the continuation, or an empty string. The fate is then open.
    """

    kind: FateKind
    certificate: str = ""
    margin: float | None = None
    residual: float | None = None
    max_eta_lambda: float | None = None
    work: int = 0
    constants: Mapping[str, float] = field(default_factory=dict)
    continuation: str = ""
    message: str = ""

    def verdict(self, tolerance: float = 0.0) -> Verdict:
        """Return whether the trial ends in a fit: ``fit``, ``unfit`` or ``open``.

        Args:
            tolerance: Largest measure of a fit. Zero asks for an exact fit.

        >>> Fate("stuck in the limit", residual=0.2).verdict(0.3), Fate("open", constants={"floor": 0.1}).verdict(0.3)
        ('fit', 'open')
        """
        if self.kind in ("fit proved", "fit in the limit"):
            return "fit"
        stuck = self.kind in ("stuck proved", "stuck in the limit")
        floor = self.constants.get("measure_floor", self.constants.get("floor", 0.0))
        limit = self.constants.get("measure", self.residual) if stuck else None
        if tolerance == 0.0:
            unfit = stuck or floor > 0.0 or self.constants.get("counted", 0.0) > 0.0
            return "unfit" if unfit else "open"
        if floor > tolerance or (limit is not None and limit > tolerance):
            return "unfit"
        return "open" if limit is None else "fit"


@dataclass(frozen=True)
class Outcome:
    """The record of one trial.

    Attributes:
        seed: Number of the trial within its cell.
        hits: First step at which each tolerance was met, or None if it never was. Minibatch methods check once an
            epoch, and end with a whole one.
        steps: Number of steps taken.
        measure: The criterion's measure at the last step (NaN if it was not finite).
        diverged: Whether the measure grew beyond 10⁶ or stopped being a number.
        falling: Whether no tolerance stopped the trial, and the measure decreased by more than 1 % over the last tenth
            of the steps. For runs that are solved exactly: whether it would still decrease by more than 1 % with more
            steps.
        movement: ‖w − w₀‖ / ‖w₀‖ over the trained weights, up to 24 check points after the end (stacks check their
            networks once in 25), or None for runs that diverged.
        step_size: η.
        lambda_min: Smallest eigenvalue of J₀J₀ᵀ, or None if it was not computed.
        lambda_max: Largest eigenvalue of J₀J₀ᵀ, or None if it was not computed.
        rate: Fitted factor per step of the measure over the second half of the run, or None with too few points.
        curve: Measure at steps 0, 1, 2, 5, 10, 20, 50, … up to the end of the run.
        diagnostics: Values of the regime's diagnostics by name. Those without a number are left out.
        solver: Name of the solver.
        device: Device of the training.
        seconds: Its share of the batch's time in seconds.
        message: Error message, or an empty string.
        fate: Fate with unlimited steps, or None if it was not computed.
        further_hits: Hits by the name of each further measure, one for each mark of that measure.
        outputs: Number q of the network's outputs.
        unlit: The measure at the end on samples for which every neuron is off, 0 if there are none. None for fits,
            and unless the model is a shallow net with ReLU or the like.
        plugins: Digest of the code of each third-party plugin whose components trained it, by the plugin's name.
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
    fate: Fate | None = None
    further_hits: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    outputs: int = 1
    unlit: float | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)

    def verdict(self, tolerance_index: int, steps: int | None = None) -> Verdict:
        """Return the verdict at a tolerance index, as if the budget had been ``steps``.

        >>> trial = Outcome(seed=0, hits=(120, None), steps=5000, measure=3e-2)
        >>> trial.verdict(0), trial.verdict(0, steps=100), trial.verdict(1)
        ('fit', 'unfit', 'unfit')
        """
        return self.verdict_of(None if self.message else self.hits[tolerance_index], steps)

    def verdict_of(self, hit: int | None, steps: int | None = None) -> Verdict:
        """Return the verdict by the first step that counts as a fit, as if the budget had been ``steps``.

        Args:
            hit: That step, or None if it never did.
            steps: The budget, or None for that of the training.
        """
        if self.message:
            return "error"
        if hit is not None and (steps is None or hit <= steps):
            return "fit"
        return "diverged" if self.diverged and (steps is None or self.steps <= steps) else "unfit"

    def limit_verdict(self, tolerance: float = 0.0, tolerance_index: int | None = None) -> Verdict:
        """Return the verdict with unlimited steps, which is ``open`` where nothing decides it.

        Args:
            tolerance: Largest measure of a fit. Zero asks for an exact fit.
            tolerance_index: Index of the tolerance, by which the training itself may have met it; None to ask only the
                fate.

        >>> stuck = Fate("stuck proved", residual=0.2, constants={"floor": 0.19})
        >>> trial = Outcome(seed=0, hits=(120,), steps=5000, measure=0.2, fate=stuck)
        >>> trial.limit_verdict(), trial.limit_verdict(0.1), trial.limit_verdict(0.3), trial.limit_verdict(0.1, 0)
        ('unfit', 'unfit', 'fit', 'fit')
        """
        if self.message:
            return "error"
        if tolerance > 0.0 and tolerance_index is not None and self.hits[tolerance_index] is not None:
            return "fit"
        if self.diverged:
            return "diverged"
        return "open" if self.fate is None else self.fate.verdict(tolerance)
