"""Checks of continuations: against gradient descent in float64, and the same fate alone and among others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import Fate, Outcome
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.samples import D, N
from harness.testing.solvers import SEEDS, described, small_regimes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.setting import Setting

STEPS = 400
TOLERANCES = (0.1, 0.01)
WIDTHS = (2, 12)
"""Widths at which nets mostly get stuck and mostly fit."""

FURTHER = 4000
"""Steps that gradient descent takes after a fate was decided."""

FALLS = 0.9
"""Share of a residual that is left of a proved fit after so many steps, at most."""

CLOSE = 1e-6


def _settings(subject: Subject) -> list[Setting]:
    """Return small settings whose fates the continuation decides."""
    from harness.builtin.datasets import Sphere
    from harness.builtin.models import ShallowNet
    from harness.engine.setting import Setting

    continuation = subject.item()
    regimes = list(small_regimes())
    regimes += [replace(regimes[0], model=ShallowNet(name)) for name in ("elu", "gelu", "leaky-relu")]
    taken = [regime for regime in regimes if not continuation.why_not(regime)]
    if not taken:
        raise NotApplicable("it refuses every shallow net at hand")
    named = {"spectrum": False, "limit": True, "continuation": continuation}
    return [Setting(regime, None, Sphere(), True, 0, STEPS, TOLERANCES, "float64", "cpu", **named) for regime in taken]


def _fate(outcome: Outcome) -> Fate:
    assert outcome.fate is not None
    return outcome.fate


def judged(subject: Subject) -> Iterator[str]:
    """Proved fits fall, and stuck nets stay above their floors, where gradient descent goes on in float64."""
    from harness.components import Cell
    from harness.engine.work import train

    for setting in _settings(subject):
        for k in WIDTHS:
            for outcome in train(setting, Cell("", N, D, k), SEEDS):
                if outcome.message or outcome.fate is None:
                    continue  # diverged trials have no fate
                where = f"seed {outcome.seed}, n = {N}, d = {D}, k = {k} ({described(setting.regime)})"
                if fault := _fault(setting, k, outcome):
                    yield f"{fault}: {where}"
                    return


def _fault(setting: Setting, k: int, outcome: Outcome) -> str:
    """Return what is wrong with the fate of a trial, or an empty string."""
    fate, most = _fate(outcome), 10 * STEPS
    if fate.message:
        return f"take_on() raises: {fate.message}"
    if fate.work > most:
        return f"it took {fate.work} steps, but may take {most}"
    return _contradiction(setting, k, outcome, fate) if fate.kind in ("fit proved", "stuck proved") else ""


def _contradiction(setting: Setting, k: int, outcome: Outcome, fate: Fate) -> str:
    """Return how gradient descent contradicts a proof, or an empty string."""
    before, after = _run_on(setting, k, outcome)
    if fate.kind == "fit proved":
        said = f"a fit is proved, but the relative residual is {before:.3g}, and {FURTHER} steps later {after:.3g}"
        return "" if after <= max(FALLS * before, CLOSE) else said
    floor = fate.constants.get("floor", fate.residual)
    if floor is None or not floor > 0.0:
        return "a net is proved to be stuck, but the fate has no positive floor or residual"
    said = f"it is stuck above {floor:.6g} for ever, but {FURTHER} steps later the relative residual is {after:.6g}"
    return "" if after >= floor * (1.0 - CLOSE) else said


def _run_on(setting: Setting, k: int, outcome: Outcome) -> tuple[float, float]:
    """Return the relative residual where the fate was decided, and :data:`FURTHER` steps later."""
    from harness.engine.further_descent import FurtherDescent
    from harness.engine.trial import prepare

    trial = prepare(setting, N, D, k, outcome.seed)
    trial = replace(trial, problem=trial.problem.training())
    steps = outcome.steps + _fate(outcome).work
    descend = FurtherDescent(setting.regime, trial, steps + FURTHER)
    weights, _, before = descend(trial.weights, steps, 0.0)
    _, _, after = descend(weights, FURTHER, 0.0)
    return before, after


def alone(subject: Subject) -> Iterator[str]:
    """A trial has the same fate alone, with others, and in another order."""
    from harness.components import Cell
    from harness.engine.work import train

    for setting in _settings(subject)[:1]:
        together = {outcome.seed: outcome.fate for outcome in train(setting, Cell("", N, D, WIDTHS[1]), SEEDS)}
        for seeds in ([SEEDS[1]], [*SEEDS][::-1]):
            found = {outcome.seed: outcome.fate for outcome in train(setting, Cell("", N, D, WIDTHS[1]), seeds)}
            if any(fate != together[seed] for seed, fate in found.items()):
                yield f"trials {seeds} have other fates than among trials {list(SEEDS)}"
                return


CHECKS = (Check("judged", ("continuation",), judged), Check("alone", ("continuation",), alone))
