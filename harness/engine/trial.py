"""One trial before training: problem, weights, spectrum of the initial kernel, step size.

Each trial is prepared by itself, in float64 on the CPU, so that nothing here depends on the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.components import FACTORS, Model, Optimizer, Params, Problem, StepPolicy, Trial, Weights
from harness.engine.draws import draw_factors, draw_problem, draw_weights
from harness.engine.setting import Setting
from harness.engine.spectrum import (
    eigenvalue_range,
    initial_kernel,
    largest_block,
    largest_eigenvalue,
    largest_of_several,
)
from harness.mathematics.spectra import forms_kernel


def stable_step(optimizer: Optimizer, curvature: float, largest: float, diagonal: float, n: int) -> float:
    """Return c/(a λ + weight decay), λ the largest curvature that a step can meet at the initial weights.

    For full batches λ = λ_max(J₀J₀ᵀ). For minibatches of b, whose gradients are scaled by n/b, the second moment of the
    minibatch kernel is at most a₁ λ_max + a₂ max_i (J₀J₀ᵀ)_ii times the kernel, with a₁ = n(b−1)/(b(n−1)) and
    a₂ = n(n−b)/(b(n−1)) without replacement, a₁ = (b−1)/b and a₂ = n/b with it. Weight decay adds to a λ.

    Where J₀ = 0, as of a ReLU net whose neurons are all dead, every gradient vanishes and the net stays where it is,
    whatever the step: it is 0 then, and the trial unfit.

    >>> from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent
    >>> stable_step(GradientDescent(), 1.0, 3.0, 0.5, n=20)
    0.5
    >>> stable_step(StochasticGradientDescent(batch=1), 1.0, 3.0, 0.5, n=20)
    0.1
    """
    b = optimizer.batch_size(n)
    if b < n and optimizer.replacement:
        largest = (b - 1) / b * largest + n / b * diagonal
    elif b < n:
        largest = n * (b - 1) / (b * (n - 1)) * largest + n * (n - b) / (b * (n - 1)) * diagonal
    if largest == 0:
        return 0.0
    if not 0 < largest < math.inf:
        raise ValueError(f"the largest eigenvalue of J₀J₀ᵀ is {largest:g}, so there is no stable step size")
    return optimizer.c / (curvature * largest + optimizer.penalty())


@dataclass(frozen=True)
class Extremes:
    """The largest curvatures that a step can meet at the initial weights.

    Attributes:
        largest: λ_max(J₀J₀ᵀ).
        diagonal: Largest eigenvalue of the blocks (q, q) of J₀J₀ᵀ that belong to one sample; its largest entry for one
            output. It is 0 where no step depends on it.
    """

    largest: float
    diagonal: float


def _extremes(
    setting: Setting, problem: Problem, params: Params, kernel: Tensor | None, largest: float | None
) -> Extremes | None:
    """Return what the stable step needs, or None where the step size is given otherwise.

    Args:
        setting: What is trained.
        problem: The training samples.
        params: Initial weights.
        kernel: J₀J₀ᵀ, or None where it is not formed.
        largest: Its largest eigenvalue, if that is known.
    """
    if setting.regime.optimizer.step_size != "stable":
        return None
    x, model = torch.from_numpy(problem.x), setting.regime.model
    variance = _fresh_variance(model)
    whole = setting.regime.optimizer.batch_size(problem.n) == problem.n and not variance
    if kernel is not None:
        largest = largest_eigenvalue(kernel) if largest is None else largest
        diagonal = 0.0 if whole else float(kernel.diagonal().max())
    else:
        largest = largest_of_several(model, params, x)
        diagonal = 0.0 if whole else largest_block(model, params, x)
    return Extremes(largest + variance * diagonal if variance else largest, diagonal)


def _fresh_variance(model: Model) -> float:
    """Return the variance σ² of the factors of activations if each step draws its own, and 0 otherwise.

    The factors of different samples are independent and of mean 1, so the mean of the kernel J Jᵀ over them is K plus
    σ² times its diagonal blocks. Its largest eigenvalue is at most λ_max(K) plus σ² times that of such a block.
    """
    noise = model.activation_noise()
    return noise.variance() if noise is not None and noise.fresh else 0.0


def _step_size(setting: Setting, problem: Problem, weights: Weights, extremes: Extremes | None) -> float:
    """Apply the regime's step-size policy to one trial."""
    regime = setting.regime
    policy = regime.optimizer.step_size
    if not isinstance(policy, str):
        return policy
    criterion = regime.criterion
    curvature = criterion.curvature(problem.n)
    if curvature is None:
        raise ValueError(
            f"criterion {criterion.name!r} has no curvature(), so the step size must be a number: give the optimizer "
            "step_size = 0.05, say, or the criterion a curvature()"
        )
    curvature *= regime.model.loss_weight()
    if policy == "theory":
        if setting.theory is None:
            raise ValueError(f"regime {regime.name!r} names no theory to take the step size from")
        step = setting.theory.step_size(problem, regime, weights) if isinstance(setting.theory, StepPolicy) else None
        if step is None:
            raise ValueError(f"theory {setting.theory.name!r} gives no step size for regime {regime.name!r}")
        return step / curvature
    assert extremes is not None
    return stable_step(regime.optimizer, curvature, extremes.largest, extremes.diagonal, problem.n)


def draw_of(setting: Setting, n: int, d: int, k: int, seed: int) -> Problem:
    """Draw the problem of a trial, which is the same for all seeds unless each trial draws its own.

    Args:
        setting: What is trained.
        n: Samples.
        d: Input dimension.
        k: Width.
        seed: Number of the trial.
    """
    return draw_problem(
        setting.dataset,
        n,
        d,
        seed=seed if setting.resample else 0,
        base=setting.base_seed,
        **setting.further,
        k=k if setting.problems == "by-width" else None,
    )


def prepare(setting: Setting, n: int, d: int, k: int, seed: int, drawn: Problem | None = None) -> Trial:
    """Draw one trial and decide its step size.

    λ_min is not known where J₀J₀ᵀ is not formed (:func:`harness.mathematics.spectra.forms_kernel`).

    Args:
        setting: What is trained.
        n: Samples.
        d: Input dimension.
        k: Width.
        seed: Number of the trial.
        drawn: Its problem, if it was drawn already.

    Raises:
        ValueError: If a component draws something else than it promised, or the policy gives no step size.
    """
    regime = setting.regime
    drawn = draw_of(setting, n, d, k, seed) if drawn is None else drawn
    problem = drawn.training()  # whatever follows decides how the network is trained
    weights = draw_weights(regime.initializer, regime.model, problem, k, seed=seed, base=setting.base_seed)
    weights = regime.model.extend(weights)
    noise = regime.model.activation_noise()
    if noise is not None:
        weights = {**weights, FACTORS: draw_factors(noise, problem.n, k, seed=seed, base=setting.base_seed)}
    weights = {name: np.array(value, dtype=np.float64) for name, value in weights.items()}
    params = {name: torch.from_numpy(value) for name, value in weights.items()}
    kernel, smallest, largest = None, None, None
    if forms_kernel(regime, n, problem.q, spectrum=setting.spectrum):
        kernel = initial_kernel(regime.model, params, torch.from_numpy(problem.x))
        if setting.spectrum:
            count = sum(params[name].numel() for name in regime.model.moved(params))
            smallest, largest = eigenvalue_range(kernel, count if regime.model.has_width else n)
    extremes = _extremes(setting, problem, params, kernel, largest)
    if kernel is None and setting.spectrum and extremes is not None:
        largest = extremes.largest
    step = _step_size(setting, problem, weights, extremes)
    return Trial(seed, k, drawn, weights, step, smallest, largest, None if kernel is None else kernel.numpy())
