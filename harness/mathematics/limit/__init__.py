"""Certificates of what becomes of gradient descent when the number of steps is not limited.

ReLU layers are in ``kink`` and its neighbours. Smooth nets have certificates of a fit and of a strict minimum, and
leaps along the path towards them. Importing it does not import torch.
"""

from __future__ import annotations

from harness.mathematics.limit.certificate import PROVED, Certificate
from harness.mathematics.limit.fit import Extremes, certify
from harness.mathematics.limit.leaps import Path, follow
from harness.mathematics.limit.minimum import Minimum, beside
from harness.mathematics.limit.net import Net, Point

__all__ = ["PROVED", "Certificate", "Extremes", "Minimum", "Net", "Path", "Point", "beside", "certify", "follow"]
