"""Problems and weights of lazy nets."""

from __future__ import annotations

import numpy as np
import torch
from harness_lazy.initializers import RandomSigns
from harness_lazy.regimes import REGIMES

from harness import Initializer, Model, Params, Problem
from harness.mathematics.spectra import unit_rows

PRESETS = {regime.name: regime for regime in REGIMES}


def problem(n: int, d: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, "sphere")


def drawn(model: Model, on: Problem, k: int, start: Initializer | None = None, seed: int = 0) -> Params:
    initializer = start or RandomSigns()
    weights = model.extend(initializer.draw(model, on, k, np.random.default_rng(seed)))
    return {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}


def perturbed(model: Model, params: Params, size: float, seed: int = 1) -> Params:
    generator = torch.Generator().manual_seed(seed)
    moved = model.trained() or tuple(params)
    return {
        name: value + size * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        if name in moved
        else value
        for name, value in params.items()
    }
