"""The explorer of claims: one HTML file with the widths that all theories ask for, at sliders for n and d.

Theories are evaluated here, at every point of a grid. The page only chooses among the texts and numbers of that grid.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness import __version__
from harness.components.entries import Missing, Number
from harness.components.numbers import clean
from harness.report import setting
from harness.report.guarantees import in_order
from harness.report.html import environment
from harness.report.overview_view import CERTAINTY
from harness.report.packing import harmless
from harness.report.prediction_entries import on_data_width, scaling_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Regime, Theory
    from harness.components.entries import Entry

SAMPLES = (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240)
DIMENSIONS = (5, 10, 20, 40, 80, 160, 320)
"""Positions of the sliders."""

MOST_ON_DATA = 80
"""Largest n and d at which conditions are evaluated on data: a few seconds for all theories at each such size."""

START = (80, 20)
"""n and d at which the page opens."""

FILTERS = ("guarantee", "trains", "activation", "known")
"""Properties of claims that rows are filtered by."""


@dataclass(frozen=True)
class Grid:
    """The sizes at which theories are evaluated.

    Attributes:
        n: Numbers of samples.
        d: Input dimensions.
        most_on_data: Largest n and d at which conditions are evaluated on a drawn problem.
    """

    n: tuple[int, ...] = SAMPLES
    d: tuple[int, ...] = DIMENSIONS
    most_on_data: int = MOST_ON_DATA

    def on_data(self, n: int, d: int) -> bool:
        """Return whether conditions are evaluated on a problem of this size."""
        return max(n, d) <= self.most_on_data


def claims_page(evaluate: Callable[[int, int], Sequence[Prediction]], problem: str, grid: Grid | None = None) -> str:
    """Return the explorer of claims.

    Args:
        evaluate: Returns the prediction of each theory on one drawn problem of n and d, for its own regime.
        problem: How problems are drawn, such as ``sphere, seed 1``.
        grid: Sizes of the sliders, or None for the usual ones.

    Returns:
        HTML that loads nothing.
    """
    grid = grid or Grid()
    at = {(n, d): {p.theory.name: p for p in evaluate(n, d)} for n in grid.n for d in grid.d if grid.on_data(n, d)}
    n, d = min(at, key=lambda size: abs(math.log(size[0] / START[0])) + abs(math.log(size[1] / START[1])))
    texts: dict[str, int] = {}
    claims = [
        _claim(one.theory, one.regime, grid, {size: found.get(one.theory.name) for size, found in at.items()}, texts)
        for one in in_order(at[n, d].values())
    ]
    listed, first = list(texts), (grid.n.index(n), grid.d.index(d))
    data = {"n": grid.n, "d": grid.d, "texts": listed, "cells": [claim["cells"] for claim in claims]}
    for claim in claims:
        claim["first"] = [listed[place] for place in claim["cells"][first[0]][first[1]][::2]]
    env = environment()
    assert env.loader is not None  # environment() sets it
    script = env.loader.get_source(env, "claims.js")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return env.get_template("claims.html").render(
        claims=claims,
        filters={name: list(dict.fromkeys(sorted(claim[name] for claim in claims))) for name in FILTERS},
        n=list(grid.n),
        d=list(grid.d),
        start=first,
        most=grid.most_on_data,
        problem=clean(problem),
        data=Markup(harmless(json.dumps(data, ensure_ascii=False, separators=(",", ":")))),
        version=__version__,
        script=Markup(script),
        script_hash=f"sha256-{digest}",
    )


def _claim(
    theory: Theory,
    regime: Regime,
    grid: Grid,
    at: Mapping[tuple[int, int], Prediction | None],
    texts: dict[str, int],
) -> dict[str, Any]:
    """Return what a row says, and its cells by n and d: indices into texts, and the numbers to sort by."""
    claim = theory.claim

    def cell(n: int, d: int) -> list[Any]:
        found = at.get((n, d))
        one = _scaling(theory, n, d) if found is None else scaling_width(found)
        data = Missing(f"not evaluated on data above {grid.most_on_data}") if found is None else on_data_width(found)
        met = "not evaluated on data" if found is None else _met(found)
        parts: list[Any] = []
        for entry in (one, data):
            parts += [_placed(_said(entry), texts), _number(entry)]
        return [*parts, _placed(met, texts)]

    return {
        "title": clean(claim.title),
        "verified": claim.verified,
        "guarantee": claim.guarantee,
        "trains": clean(setting.trains(regime)),
        "activation": clean(regime.model.describe().activation or "none"),
        "known": CERTAINTY[claim.certainty],
        "note": clean(claim.certainty_note),
        "formula": clean(claim.formula),
        "reference": clean(claim.reference.text),
        "cells": [[cell(n, d) for d in grid.d] for n in grid.n],
    }


def _scaling(theory: Theory, n: int, d: int) -> Entry:
    """Return the width at C = 1 at a size of which no problem is drawn."""
    try:
        scaling = theory.scaling(n, d)
    except Exception as error:  # plugins may fail in any way
        return Missing(f"error in theory {theory.name}: {type(error).__name__}")
    return Missing("the claim has no power law") if scaling is None else Number(scaling)


def _met(found: Prediction) -> str:
    """Return whether the assumptions hold, and which fails or cannot be checked."""
    if unmet := found.unmet:
        return "✗ " + "; ".join(f"{one.text} ({one.found})" if one.found else one.text for one in unmet)
    open_ = [one.text for one in found.assumptions if one.holds is None]
    return f"? {'; '.join(open_)}" if open_ else "✓" if found.assumptions else "– the claim states no assumption"


def _said(entry: Entry) -> str:
    """Return the text of an entry, with the reason of one that is missing or infinite."""
    reasons = dict.fromkeys([*([entry.reason] if isinstance(entry, Missing) else []), *(n.text for n in entry.notes)])
    return f"{entry.text()} ({'; '.join(reasons)})" if reasons else entry.text()


def _number(entry: Entry) -> float | None:
    value = entry.fields().get("")
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _placed(text: str, texts: dict[str, int]) -> int:
    """Return the place of a text in the list of all texts, at whose end it is put if it is new."""
    return texts.setdefault(clean(text), len(texts))
