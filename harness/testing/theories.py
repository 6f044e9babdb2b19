"""Checks of theories."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args, get_type_hints

from harness.complaints import SpecError, show
from harness.components import (
    Assumption,
    Certificate,
    Claim,
    Construction,
    Constructive,
    Exponents,
    Problem,
    Regime,
    StepPolicy,
    Theory,
    Width,
)
from harness.engine.draws import draw_weights
from harness.plugin_host.composition import build_regime
from harness.testing.bibtex import parse_bibtex
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.initializers import rng
from harness.testing.samples import problem
from harness.testing.state import NO_GLOBALS, same, twice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Size = tuple[int, int]
"""n and d."""

LAW: tuple[tuple[Size, Size], ...] = (
    ((10**6, 10**2), (4 * 10**6, 10**2)),
    ((10**6, 10**2), (10**6, 4 * 10**2)),
    ((10**2, 10**6), (4 * 10**2, 10**6)),
    ((10**2, 10**6), (10**2, 4 * 10**6)),
)
"""Sizes between which a scaling is compared with its exponents: n ≥ d² and n < d, where other terms are small."""

LOGARITHMS = 0.3
"""Power that four logarithms add there."""

NEAR_POWER = 0.1
"""Distance from a whole power of log n up to which logarithms explain a growth."""

GROWTH: tuple[tuple[Size, Size, float, float], ...] = (
    ((54, 18), (486, 54), 0.5, 0.16),
    ((160, 80), (480, 240), 0.8, 0.05),
    ((40, 160), (120, 480), 0.55, 0.05),
    ((16, 200), (32, 800), 0.55, 0.05),
)
"""Between which a width is compared, and the power of d that may be missing: so much, and so much of the claimed power.

A width that is evaluated on data has powers of the extreme eigenvalues of XXᵀ and its Hadamard powers, which for
generic unit inputs depend on n/d and n/d². Along n ~ d² and n ~ d they change little where n ≥ d, and hardly at all
where n is far below d; at fixed d they would. What is allowed covers that, and logarithms, for the theorems shipped.
"""


def _home(subject: Subject) -> tuple[Theory, Regime]:
    theory: Theory = subject.item()
    try:
        return theory, build_regime(theory.claim.home, subject.registry)
    except SpecError as error:
        raise NotApplicable(f"its home cannot be built (see the check home): {error}") from error


def name(subject: Subject) -> Iterator[str]:
    """Its name is its own: tables name theories by it, and show one of several that share it."""
    (kept, item), *_ = subject.registry.providers("theory", subject.item.name)
    if item is not subject.item:
        yield f"{kept.label} has a theory {show(subject.item.name)}, which tables show in its place: rename this one"


def texts(subject: Subject) -> Iterator[str]:
    """Title, reference and formula are there, and it says how it is known and what it counts."""
    claim: Claim = subject.item.claim
    for name, found in (("title", claim.title), ("reference", claim.reference.text), ("formula", claim.formula)):
        if not isinstance(found, str) or not found.strip() or "\n" in found:
            yield f"{name} is {show(found)}, expected one line"
    units = get_args(get_type_hints(Claim)["unit"])
    if claim.unit not in units:
        yield f"unit is {show(claim.unit)}, expected {' or '.join(map(show, units))}: what the source counts"
    if claim.certainty != "derived" and not claim.certainty_note.strip():
        yield "certainty_note is empty: say which part of the statement is known how"


def bibtex(subject: Subject) -> Iterator[str]:
    """The BibTeX entry can be parsed, and has a title, an author and a year."""
    claim: Claim = subject.item.claim
    if not claim.reference.bibtex.strip():
        if claim.certainty == "derived":
            raise NotApplicable("a result derived here needs none")
        yield "bibtex is empty: give the entry of the source, or certainty = 'derived' if there is none"
        return
    try:
        fields = parse_bibtex(claim.reference.bibtex)
    except ValueError as error:
        yield f"bibtex cannot be parsed: {error}"
        return
    for name in ("title", "author", *(() if fields["@"] == "unpublished" else ("year",))):
        if not fields.get(name):
            yield f"bibtex has no {name}"


def home(subject: Subject) -> Iterator[str]:
    """Its home is a regime that can be built and that it can be evaluated on."""
    theory: Theory = subject.item()
    try:
        regime = build_regime(theory.claim.home, subject.registry)
    except SpecError as error:
        yield f"home cannot be built: {error}; write it as a table of [[regimes]] in a suite"
        return
    concerned = theory.concerns(regime)
    if type(concerned) is not bool:
        yield f"concerns() returned {concerned!r}, expected True or False"
    elif not concerned and theory.claim.guarantee in ("convergence", "certificate"):
        unmet = [a for a in theory.assumptions(problem(), regime) if a.holds is False]
        if not unmet:
            yield (
                "concerns() is False for its own home: a theorem on training must concern the regime it speaks of, or "
                "have assumptions() say what its home does not meet"
            )


def width(subject: Subject) -> Iterator[str]:
    """Widths and scalings are positive, or give the reason why they are not finite; conditions are Assumptions."""
    theory, regime = _home(subject)
    for n, d in ((30, 12), (8, 12), (36, 10)):
        given, size = problem(n, d), f"at n = {n}, d = {d}"
        found = theory.width(given, regime)
        if not isinstance(found, Width) or not isinstance(found.value, float | int):
            yield f"width() returned {found!r} {size}, expected Width(number)"
        elif math.isfinite(found.value) and found.value <= 0:
            yield f"width() is {found.value:g} {size}, expected a positive number"
        elif not math.isfinite(found.value) and not found.reason:
            yield f"width() is {found.value} without a reason {size}: Width(math.nan, 'why')"
        law = theory.scaling(n, d)
        if law is not None and not (math.isfinite(law) and law > 0):
            yield f"scaling({n}, {d}) is {law}, expected a positive number or None"
        for assumption in theory.assumptions(given, regime):
            if not isinstance(assumption, Assumption) or not assumption.text:
                yield f"assumptions() has {assumption!r}, expected Assumption(text, holds)"
            elif assumption.holds not in (True, False, None) or type(assumption.holds) not in (bool, type(None)):
                yield f"{show(assumption.text)} holds {assumption.holds!r}, expected True, False or None: bool(…)"


def exponents(subject: Subject) -> Iterator[str]:
    """Scaling and width grow with n and d as the claimed exponents state, up to logarithms."""
    theory, regime = _home(subject)
    claimed = theory.claim.exponents
    if claimed is None:
        raise NotApplicable("it claims no exponents")
    for before, after in LAW:
        yield from _disagreement("scaling()", theory.scaling, claimed, before, after, LOGARITHMS)
    if claimed.where:
        return  # widths of other inputs say nothing about the exponents
    for before, after, least, share in GROWTH:
        a, b = claimed.at(*before)
        steps = math.log(after[0] / before[0]) / math.log(after[1] / before[1])
        allowed = least + share * abs(a * steps + b)
        yield from _disagreement("width()", lambda n, d: _width(theory, regime, n, d), claimed, before, after, allowed)


def _disagreement(
    what: str, law: Callable[[int, int], float | None], claimed: Exponents, before: Size, after: Size, allowed: float
) -> Iterator[str]:
    """Yield a message if a width does not grow like n^a d^b.

    Args:
        what: Name of the width in the message.
        law: Function of n and d. Another check covers values that are not positive numbers.
        claimed: a and b.
        before: Smaller n and d.
        after: Larger n and d.
        allowed: Power of the larger of n1/n0 and d1/d0, or of d1/d0 if both grow, by which they may differ.

    Yields:
        At most one message.
    """
    found = [law(*before), law(*after)]
    if not all(value is not None and math.isfinite(value) and value > 0 for value in found):
        return
    (n0, d0), (n1, d1) = before, after
    (a, b), (c, e) = claimed.at(*before), claimed.at(*after)  # they differ where the width meets or leaves a floor
    grown = math.log(found[1]) - math.log(found[0])  # type: ignore[arg-type]  # not None, as checked
    expected = c * math.log(n1) + e * math.log(d1) - a * math.log(n0) - b * math.log(d0)
    if what == "width()":
        expected += claimed.logs * math.log(math.log(n1) / math.log(n0))
    if abs(grown - expected) > allowed * math.log(d1 / d0 if d1 > d0 else n1 / n0):
        power = (grown - expected) / math.log(math.log(n1) / math.log(n0)) if n1 > n0 and not claimed.logs else 0.0
        nearest = round(power)
        logarithms = (
            f"; a factor log^{nearest} n would explain it: Exponents(..., logs={nearest})"
            if nearest >= 1 and abs(power - nearest) < NEAR_POWER
            else ""
        )
        side = "a floor" if (a, b) == claimed.floor else "n ≥ d" if n0 >= d0 else "n < d"
        yield (
            f"{what} grows {math.exp(grown):.3g}-fold from n = {n0}, d = {d0} to n = {n1}, d = {d1}, where "
            f"n^{a:g} d^{b:g} claimed for {side} give {math.exp(expected):.3g}: mend exponents or the formula, or say "
            f"in Exponents(..., where=...) of which inputs the law is true{logarithms}"
        )


def _width(theory: Theory, regime: Regime, n: int, d: int) -> float:
    """Return the geometric mean of the width over two draws."""
    values = [theory.width(problem(n, d, seed), regime).value for seed in range(2)]
    finite = [value for value in values if math.isfinite(value) and value > 0]
    return math.exp(sum(map(math.log, finite)) / len(finite)) if finite else math.nan


def pure(subject: Subject) -> Iterator[str]:
    """Its results depend on problem and regime only, and it changes neither."""
    theory, regime = _home(subject)
    given = problem(20, 8)
    before = Problem(given.x.copy(), given.y.copy(), given.seed, given.dataset)

    def ask() -> tuple[object, ...]:
        return theory.width(given, regime), tuple(theory.assumptions(given, regime)), theory.scaling(20, 8)

    first, again = twice(ask)
    if not same(given, before):
        yield "the problem is changed: copy arrays before you write to them"
    elif not same(first, again):
        yield f"width, scaling or assumptions are others when asked again; {NO_GLOBALS}"


def trained(subject: Subject) -> Iterator[str]:
    """Its step size is positive, its certificate says yes or no, its construction is a network."""
    theory, regime = _home(subject)
    given = problem(12, 8)
    if not isinstance(theory, StepPolicy | Certificate | Constructive):
        raise NotApplicable("it gives neither step size, certificate nor construction")
    if isinstance(theory, StepPolicy | Certificate) and regime.model.has_width:
        k = 4 * regime.initializer.width_step
        drawn = regime.model.extend(draw_weights(regime.initializer, regime.model, given, k, seed=0, base=0))
        step = theory.step_size(given, regime, drawn) if isinstance(theory, StepPolicy) else None
        if step is not None and not (math.isfinite(step) and step > 0):
            yield f"step_size() is {step!r}, expected a positive number or None"
        verdict = theory.certifies(given, regime, drawn) if isinstance(theory, Certificate) else None
        if type(verdict) not in (bool, type(None)):
            yield f"certifies() returned {verdict!r}, expected True, False or None: bool(…)"
    if isinstance(theory, Constructive):
        try:
            built = theory.construct(given, rng())
        except ValueError:
            return  # a construction may not exist for this problem
        if built is not None and not (isinstance(built, Construction) and math.isfinite(built.residual)):
            kind = type(built).__name__
            yield f"construct() returned {kind}, expected a Construction with a finite residual, or None"


THEORY = ("theory",)
CHECKS = (
    Check("name", THEORY, name),
    Check("texts", THEORY, texts),
    Check("bibtex", THEORY, bibtex),
    Check("home", THEORY, home),
    Check("width", THEORY, width),
    Check("exponents", THEORY, exponents),
    Check("global state", THEORY, pure),
    Check("step and certificate", THEORY, trained),
)
