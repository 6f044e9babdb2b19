"""The headings under which tables group theories: the guarantee that each gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.claims.predictions import Prediction
    from harness.components import Theory


EXPLICIT = "Guarantees training, with an explicit constant:"
REFERENCE = "Guarantees training, constant unknown and set to 1 (reference lines, no predictions):"


LINEARISED = "Guarantees a fit of the linearized net alone:"
SILENT = "Guarantees nothing about this training (existence, landscape, necessary and the like):"


GROUPS = (EXPLICIT, REFERENCE, LINEARISED, SILENT)


def group(theory: Theory) -> str:
    """Return the heading of a theory in tables: the guarantee that it gives."""
    if theory.claim.guarantee == "linearised":
        return LINEARISED
    if theory.claim.guarantee not in ("convergence", "certificate"):
        return SILENT
    return EXPLICIT if theory.claim.explicit else REFERENCE


def in_order(predictions: Iterable[Prediction]) -> list[Prediction]:
    """Return predictions sorted by guarantee, then by their widths at C = 1 and on the data."""

    def order(prediction: Prediction) -> tuple[int, float, float, str]:
        on_data = prediction.width.value if prediction.width.value == prediction.width.value else math.inf
        at_one = on_data if prediction.scaling is None else prediction.scaling
        return GROUPS.index(group(prediction.theory)), at_one, on_data, prediction.theory.claim.title

    return sorted(predictions, key=order)
