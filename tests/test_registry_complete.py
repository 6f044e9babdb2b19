"""Every claim that the harness is to compare is there, and promises no more than its source."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import pytest

from harness.claims.predictions import predict
from harness.components import Certificate, Exponents, Guarantee, Theory
from harness.engine.draws import draw_problem
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry


class Claim(NamedTuple):
    """What is known of a claim.

    Attributes:
        guarantee: What it promises.
        large_n: Exponents (a, b) of k ~ n^a d^b for n ≥ d; None where there is no such law.
        small_n: The same for n ≤ d.
        explicit: Whether its constant is known.
        verified: True: proved here, or the statement itself was read; False: it must carry a mark; None: its order was
            read in an abstract or in another's account, so that a mark is a matter of caution.
    """

    guarantee: Guarantee
    large_n: tuple[float, float] | None
    small_n: tuple[float, float] | None
    explicit: bool
    verified: bool | None


CLAIMS = {
    # Convergence of training, constants unknown.
    "os-smooth": Claim("convergence", (2, -1), (1, 0), False, False),
    "os-relu": Claim("convergence", (4, -3), (1, 0), False, False),
    "os-output": Claim("convergence", (1, 0), (1, 0), False, False),
    "song": Claim("convergence", (1.5, -1), (1, 0), False, True),
    "song-sgd": Claim("convergence", (2, -1), (1, 0), False, True),
    "daniely": Claim("convergence", (1, -1), None, False, False),
    "du": Claim("convergence", (6, 0), (6, 0), False, False),
    "song-yang": Claim("convergence", (4, 0), (4, 0), False, False),
    "munteanu": Claim("convergence", (2, 0), (2, 0), False, None),
    "nguyen-lecun": Claim("convergence", (2, 0), (2, 0), False, False),
    "near-linear-2026": Claim("convergence", (1, 0), (1, 0), False, False),
    # No promise of training.
    "zhang": Claim("existence", (1, -1), (0, 0), True, None),
    "zhang-landscape": Claim("landscape", (1, -1), (0, 0), True, None),
    "soudry-carmon": Claim("landscape", (1, -1), (0, 0), True, None),
    "baum": Claim("existence", (1, -1), (0, 0), True, None),
    "bubeck": Claim("existence", (1, -1), (0, 0), True, None),
    "bubeck-harmonic": Claim("special algorithm", (1, -1), None, False, None),
    "montanari-zhong": Claim("linearised", (1, -1), None, False, None),
    "count-hidden": Claim("necessary", (1, -1), (0, 0), True, True),
    "count-all": Claim("necessary", (1, -1), (0, 0), True, True),
    "count-labellings": Claim("necessary", (1, 0), (1, 0), True, True),
    # Certificates.
    "cert-d1": Claim("certificate", None, None, True, True),
    "cert-d1s": Claim("certificate", None, None, True, True),
    "cert-d2": Claim("certificate", None, None, True, True),
    "cert-d3": Claim("certificate", None, None, True, True),
    "cert-linear": Claim("certificate", (1, -1), (0, 0), True, True),
    "cert-linear-output": Claim("certificate", (1, 0), (1, 0), True, True),
}

CERTIFICATES = ("cert-d1", "cert-d1s", "cert-d2", "cert-d3", "cert-linear", "cert-linear-output")


@pytest.fixture(scope="module")
def theories(registry: Registry) -> dict[str, Theory]:
    assert not registry.broken
    return {theory.name: theory for theory in registry.theories()}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_there_as_it_is_known(name: str, theories: dict[str, Theory]) -> None:
    theory, claim = theories[name], CLAIMS[name]
    assert theory.claim.guarantee == claim.guarantee
    assert theory.claim.explicit == claim.explicit
    if claim.verified is not None:
        assert theory.claim.verified == claim.verified
    exponents = theory.claim.exponents or Exponents((math.nan, math.nan))
    if claim.large_n is not None:
        assert exponents.at(400, 20) == claim.large_n
    if claim.small_n is not None:
        assert exponents.at(10, 20) == claim.small_n


def test_every_claim_cites_its_source(theories: dict[str, Theory]) -> None:
    for theory in theories.values():
        claim, bibtex = theory.claim, theory.claim.reference.bibtex
        assert all((claim.title, claim.formula, claim.certainty_note)), theory.name
        if not bibtex:
            assert claim.certainty == "derived"
            assert "derived here" in claim.reference.text
            continue
        assert re.match(r"@(article|inproceedings|misc|unpublished)\{[\w-]+,\n", bibtex)
        assert bibtex.count("{") == bibtex.count("}") > 3
        for year in re.findall(r"year\s+= \{(\d{4})\}", bibtex):
            assert year in claim.title + claim.reference.text
        for arxiv in re.findall(r"eprint\s+= \{([\d.]+)\}", bibtex):
            assert arxiv in claim.reference.text


def test_what_guarantees_no_training_never_stands_among_what_does(theories: dict[str, Theory]) -> None:
    from harness.report.guarantees import LINEARISED, SILENT, group

    for name, claim in CLAIMS.items():
        silent = claim.guarantee not in ("convergence", "certificate")
        assert (group(theories[name]) in (SILENT, LINEARISED)) == silent


@pytest.mark.parametrize("n", [30, 8])
def test_every_claim_can_be_evaluated_on_its_own_regime(
    n: int, theories: dict[str, Theory], registry: Registry
) -> None:
    from harness.builtin.datasets import Sphere

    problem = draw_problem(Sphere(), n, 12, seed=0, base=1)
    for theory in theories.values():
        found = predict(theory, build_regime(theory.claim.home, registry), problem)
        width = found.width
        if theory.name in CLAIMS and theory.claim.guarantee in ("convergence", "certificate"):
            assert theory.concerns(found.regime), theory.name
        assert math.isfinite(width.value) or width.reason, theory.name
        assert not width.reason.startswith(("TypeError", "AttributeError", "KeyError", "IndexError")), width.reason
        if math.isfinite(width.value):
            assert width.value > 0, theory.name


@pytest.mark.parametrize("name", CERTIFICATES)
def test_every_certificate_can_be_tested_on_drawn_weights(name: str, theories: dict[str, Theory]) -> None:
    assert isinstance(theories[name], Certificate)


def test_laws_at_one(theories: dict[str, Theory]) -> None:
    n, d = 400, 20
    expected = {
        "os-smooth": n**2 / d,
        "os-relu": n**4 / d**3,
        "os-output": n,
        "song": n,  # the floor n stands above n^{3/2}/d = 400 at d ≥ √n
        "du": n**6,
        "song-yang": n**4,
        "munteanu": n**2,
        "nguyen-lecun": n**2,
        "montanari-zhong": n / d,
    }
    found = {name: theories[name].scaling(n, d) for name in expected}
    assert found == pytest.approx(expected)
