"""The reader of the claims of a suite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harness.complaints import Complaint, nearest, show
from harness.plugin_host.validation import from_pydantic
from harness.suite.claim import ClaimSection, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components import Regime
    from harness.suite.record import Budget

MEASURES = ("fit", "k_half", "steps", "measure", "movement", "lambda_min", "lambda_max", "step_size")
"""Measures of claims beside the diagnostics of the regimes."""


def read_claims(
    data: Mapping[str, Any], regimes: Mapping[int, Regime], budget: Budget | None, complaints: list[Complaint]
) -> tuple[ClaimSection, ...]:
    """Return the claims of a suite.

    Args:
        data: Tables of the suite.
        regimes: Regimes by their place in the file.
        budget: The budget, or None if it has faults.
        complaints: Complaints, to which those about claims are added.
    """
    listed = data.get("claims", [])
    if not isinstance(listed, list) or not all(isinstance(claim, dict) for claim in listed):
        complaints.append(Complaint("wrong-brackets", ("claims",), "is no list of tables: write [[claims]]"))
        return ()
    found = []
    for index, claim in enumerate(listed):
        try:
            made = ClaimSection.model_validate_json(json.dumps(claim), strict=True)
        except ValidationError as error:
            complaints += [c.below("claims", index) for c in from_pydantic(error, claim, ClaimSection.model_fields)]
            continue
        faults = [*_faults(made, list(regimes.values())), *_unrecorded(made, budget)]
        complaints += [fault.below("claims", index) for fault in faults]
        found.append(made)
    return tuple(found)


def _faults(claim: ClaimSection, regimes: list[Regime]) -> list[Complaint]:
    """Return complaints about regimes that the suite does not have, and measures that they do not record."""
    known = [regime.name for regime in regimes]
    found = []
    for path, name in names_of(claim).items():
        if name not in known:
            message = f"the suite has no regime {show(name)}"
            found.append(Complaint("unknown-name", path, message, nearest(name, known)))
    measures: dict[tuple[str | int, ...], str] = {("measure",): claim.measure}
    measures |= {("knobs", i, "measure"): knob.measure for i, knob in enumerate(claim.knobs) if knob.measure}
    named = set(names_of(claim).values())
    for where, measure in measures.items():
        recorded = [{one.name for one in regime.diagnostics} for regime in regimes if regime.name in named]
        if measure not in MEASURES and not all(measure in names for names in recorded):
            every = [*MEASURES, *sorted(set().union(*recorded))]
            message = f"found {show(measure)}, which not all regimes of the claim record: add it to their diagnostics"
            found.append(Complaint("unknown-name", where, message, nearest(measure, every)))
    mark = claim.mark
    for regime in regimes:
        if mark is not None and regime.name in named and mark not in (marks := regime.criterion.marks()):
            key, said = f"at_{mark.measure}", ", ".join(map(str, marks)) or "no errors and no margins"
            message = f"{mark} is not recorded by regime {show(regime.name)}, which records {said}"
            found.append(Complaint("tolerance-not-recorded", (key,), f"{message}: add it to {key[3:]}s of [budget]"))
    return found


def _unrecorded(claim: ClaimSection, budget: Budget | None) -> list[Complaint]:
    """Return complaints about tolerances of knobs that the suite does not record, or that are not about fits."""
    found = []
    for index, knob in enumerate(claim.knobs):
        if knob.tolerance is None or budget is None:
            continue
        measure = knob.measure or claim.measure
        if measure not in ("fit", "k_half"):
            message = f"is about fits and k_half, not about {show(measure)}: leave it out"
            found.append(Complaint("refused", ("knobs", index, "tolerance"), message))
        elif knob.tolerance not in budget.tolerances:
            message = f"{knob.tolerance:g} is not among tolerances = {show(list(budget.tolerances))}"
            found.append(Complaint("tolerance-not-recorded", ("knobs", index, "tolerance"), message))
    return found
