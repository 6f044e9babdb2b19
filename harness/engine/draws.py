"""Draws: every random number of a run comes from a stream named by what it is for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from harness.components import ActivationNoise, Array, Dataset, Initializer, Model, Problem, Samples, Weights

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class _Key(ISeedSequence):
    """The key of a stream in the place of a seed, beside which NumPy would ask the system for random numbers."""

    def __init__(self, text: str) -> None:
        self.words = np.array([int(text[16:], 16), int(text[:16], 16)], dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[np.uint64]:
        """Return the two words of the key, which are all that Philox asks for."""
        assert (n_words, np.dtype(dtype)) == (2, np.uint64)
        return self.words


def canonical(what: Any) -> str:
    """Return the one JSON text of plain data: sorted keys, no spaces, no NaN.

    >>> canonical({"n": 3, "d": [1, 2.5]})
    '{"d":[1,2.5],"n":3}'
    """
    return _ENCODER.encode(what)


def digest(what: Any) -> str:
    """Return the SHA-256 of the canonical JSON of plain data, in hexadecimal."""
    return hashlib.sha256(canonical(what).encode()).hexdigest()


def stream(what: Any) -> np.random.Generator:
    """Return the random stream of a purpose: Philox keyed by the hash of its description.

    Streams of different purposes are independent; the same purpose gives the same numbers in every process.

    >>> float(stream({"for": "doc"}).random()) == float(stream({"for": "doc"}).random())
    True
    """
    return np.random.Generator(np.random.Philox(_Key(digest(what)[:32])))  # type: ignore[arg-type]  # NumPy takes any


def draw_problem(
    dataset: Dataset,
    n: int,
    d: int,
    *,
    seed: int,
    base: int,
    held_out: int = 0,
    validation: int = 0,
    k: int | None = None,
) -> Problem:
    """Draw the problem of trial ``seed`` of a suite with seed ``base``.

    It depends on the dataset, n, d, the two seeds and, if it is given, k only, so that all regimes face the same
    problems. What of the dataset names the stream is for :meth:`harness.components.Dataset.stream` to say.
    Held-out and validation samples have streams of their own.

    Args:
        dataset: Where the problem comes from.
        n: Samples.
        d: Input dimension.
        seed: The trial's seed.
        base: The suite's seed.
        held_out: Number of held-out samples.
        validation: Number of validation samples.
        k: Width whose trials have problems of their own (0 for models without width), or None for problems that all
            widths share.

    Raises:
        ValueError: If the dataset returns other than finite float64 arrays, (n, d) and (n,) or (n, q), or does not have
            so many samples.
    """
    own = {} if k is None else {"k": k}

    def source(purpose: str) -> np.random.Generator:
        return stream({"for": purpose, "dataset": dataset.stream(), "n": n, "d": d, "seed": [base, seed], **own})

    sizes = {"held-out": held_out, "validation": validation}
    further = [(size, source(purpose)) for purpose, size in sizes.items() if size]
    drawn = dataset.split(n, d, source("problem"), further) if further else [dataset.draw(n, d, source("problem"))]
    targets = dataset.targets()
    q = targets.outputs
    for (x, y), rows in zip(drawn, [n, *(size for size, _ in further)], strict=True):
        for name, array, shape in (("inputs", x, (rows, d)), ("labels", y, (rows,) if q == 1 else (rows, q))):
            if array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all():
                raise ValueError(
                    f"dataset {dataset.name!r} drew {name} of shape {array.shape}, {array.dtype}; "
                    f"expected finite float64 of shape {shape}"
                )
    (x, y), *others = drawn
    if not y.any():
        raise ValueError(f"dataset {dataset.name!r} drew labels that are all zero: there is nothing to fit")
    samples = iter(Samples(*pair) for pair in others)
    return Problem(
        x=x,
        y=y,
        seed=seed,
        dataset=dataset.name,
        classes=targets.classes,
        held_out=next(samples) if held_out else None,
        validation=next(samples) if validation else None,
        labels_have_density=dataset.labels_have_density,
        label_equations=dataset.label_equations,
    )


def draw_weights(initializer: Initializer, model: Model, problem: Problem, k: int, *, seed: int, base: int) -> Weights:
    """Draw the initial weights of trial ``seed`` at width k.

    They depend on the initializer, the weights' shapes, n and the seeds, not on what is done with them: regimes
    that differ in the optimizer alone start from the same weights. What of the initializer names the stream is for
    :meth:`harness.components.Initializer.stream` to say.

    Raises:
        ValueError: If the initializer returns other weights than ``model.shapes`` asks for.
    """
    shapes = model.shapes_for(problem.d, k, problem.q)
    rng = stream({"for": "weights", **initializer.stream(shapes), "n": problem.n, "seed": [base, seed]})
    weights = initializer.draw(model, problem, k, rng)
    drawn = {name: np.shape(value) for name, value in weights.items()}
    if drawn != shapes:
        raise ValueError(f"initializer {initializer.name!r} drew {drawn}; model {model.name!r} has {shapes}")
    return weights


def noise_stream(noise: ActivationNoise, n: int, k: int, *, seed: int, base: int) -> np.random.Generator:
    """Return the stream of the factors of a trial. The strength of the noise is no part of its name.

    Args:
        noise: Distribution of the factors.
        n: Samples.
        k: Width.
        seed: Number of the trial.
        base: The suite's seed.
    """
    purpose = "fresh activation noise" if noise.fresh else "activation noise"
    return stream({"for": purpose, "kind": noise.kind, "n": n, "k": k, "seed": [base, seed]})


def draw_factors(noise: ActivationNoise, n: int, k: int, *, seed: int, base: int) -> Array:
    """Draw the factors (k, n) that a trial has for all of its steps, or return ones if each step draws its own.

    Args:
        noise: Distribution of the factors.
        n: Samples.
        k: Width.
        seed: Number of the trial.
        base: The suite's seed.
    """
    if noise.fresh:
        return np.ones((k, n))
    return noise.draw(noise_stream(noise, n, k, seed=seed, base=base), (k, n))
