"""Checks of models with noise on their activations. Their other checks see factors beside the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components import FACTORS, without_factors
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.models import far, plain

if TYPE_CHECKING:
    from collections.abc import Iterator


def noise(subject: Subject) -> Iterator[str]:
    """Factors of one change nothing, others change the outputs, and no compiled kernel leaves them out."""
    import torch

    noisy = False
    for model, where, params, x in plain(subject):
        if model.activation_noise() is None:
            continue
        noisy = True
        bare = model.forward(without_factors(params), x)
        ones = {**params, FACTORS: torch.ones_like(params[FACTORS])}
        if gap := far(model.forward(ones, x), bare):
            yield f"factors of one change the outputs by {gap:.1e}{where}: multiply activations by params[FACTORS]"
        if not far(model.forward(params, x), bare):
            yield f"forward does not depend on the factors{where}: multiply activations by params[FACTORS]"
        if model.shallow_form() is not None or model.describe().shallow:
            yield f"a model with noise is no shallow net{where}: return None from shallow_form()"
    if not noisy:
        raise NotApplicable("it has no noise")


CHECKS = (Check("noise", ("model",), noise),)
