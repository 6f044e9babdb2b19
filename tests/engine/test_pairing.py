"""What regimes, labels and widths have in common is equal to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian
from harness_train_all.initializers import GaussianLayers, Omega, PyTorchDefault
from scipy.special import erf

from harness import Initializer, Problem, Weights
from harness.builtin.datasets import DATASETS, Digits, Sphere
from harness.builtin.datasets.observed import Observed
from harness.builtin.datasets.synthetic import Synthetic
from harness.builtin.initializers import GaussianHalves, He, LeCun, MirroredLeCun, Xavier
from harness.builtin.models import ShallowNet
from harness.engine.draws import draw_problem, draw_weights

N, D, K = 12, 5, 6
SYNTHETIC = [cls for cls in DATASETS if issubclass(cls, Synthetic)]
SCALED = [
    (GaussianHalves(), 1.0, None),
    (GaussianHalves(sigma=0.3), 0.3, None),
    (GaussianHalves(output=2.0), 1.0, None),
    (LeCun(), np.sqrt(1 / D), np.sqrt(1 / K)),
    (He(), np.sqrt(2 / D), np.sqrt(2 / K)),
    (Xavier(), np.sqrt(2 / (D + K)), np.sqrt(2 / (K + 1))),
    (GaussianLayers(sigma=2.0, output=3.0), 2.0, 3.0 / np.sqrt(K)),
    (Omega(ratio=4.0), np.sqrt(1 / D) / 2, np.sqrt(1 / K) * 2),
    (Omega(ratio=4.0, product="he"), np.sqrt(2 / D) / 2, np.sqrt(2 / K) * 2),
    (TangentGaussian(sigma=0.5), 0.5, 1 / np.sqrt(K)),
    (RandomSigns(sigma=3.0), 3.0, None),
]


def problem(seed: int = 4, labels: str = "gaussian") -> Problem:
    return draw_problem(Sphere(labels=labels), N, D, seed=seed, base=1)  # type: ignore[arg-type]  # a literal


def draw(start: Initializer, seed: int = 4, k: int = K, *, biases: bool = False) -> Weights:
    return draw_weights(start, ShallowNet(train="all", biases=biases), problem(), k, seed=seed, base=1)


def normals(seed: int = 4) -> Weights:
    """W and v of standard deviation one: what all of them are made of."""
    return draw(GaussianLayers(output=np.sqrt(K)), seed)


@pytest.mark.parametrize(("start", "hidden", "output"), SCALED, ids=lambda item: getattr(item, "name", None))
def test_initializations_that_differ_by_scale_have_the_same_normals(
    start: Initializer, hidden: float, output: float | None
) -> None:
    drawn, shared = draw(start), normals()
    assert np.array_equal(drawn["W"], hidden * shared["W"])
    if output is not None:
        assert np.array_equal(drawn["v"], output * shared["v"])


def test_mirrored_nets_are_the_first_half_of_their_scale() -> None:
    mirrored, lecun = draw(MirroredLeCun()), draw(LeCun())
    half = K // 2
    for rows in (slice(half), slice(half, None)):
        assert np.array_equal(mirrored["W"][rows], lecun["W"][:half])
    assert np.array_equal(mirrored["v"][:half], lecun["v"][:half])
    assert np.array_equal(mirrored["v"][half:], -lecun["v"][:half])
    assert np.array_equal(draw(Paired(sigma=0.7))["W"][:half], 0.7 * normals()["W"][:half])


def test_random_signs_are_those_of_gaussian_output_weights() -> None:
    assert np.array_equal(np.sign(draw(RandomSigns())["v"]), np.sign(normals()["v"]))


def test_uniform_weights_are_the_same_normals_by_their_distribution_function() -> None:
    drawn, shared = draw(PyTorchDefault()), normals()
    np.testing.assert_allclose(drawn["W"] * np.sqrt(D), erf(shared["W"] / np.sqrt(2)), rtol=1e-14)
    assert np.array_equal(np.argsort(drawn["v"]), np.argsort(shared["v"]))


@pytest.mark.parametrize("start", [LeCun(), GaussianHalves(), PyTorchDefault(), RandomSigns()])
def test_biases_leave_the_other_weights_as_they_are(start: Initializer) -> None:
    plain, biased = draw(start), draw(start, biases=True)
    assert set(biased) > set(plain)
    assert all(np.array_equal(plain[name], biased[name]) for name in plain)


def test_seeds_widths_and_sizes_have_weights_of_their_own() -> None:
    assert not np.isin(draw(LeCun(), seed=5)["W"], draw(LeCun())["W"]).any()
    assert not np.isin(draw(GaussianHalves(), k=8)["W"], draw(GaussianHalves())["W"]).any()


@pytest.mark.parametrize("dataset", SYNTHETIC, ids=lambda cls: cls.name)
def test_all_kinds_of_labels_come_with_the_same_inputs(dataset: type[Synthetic]) -> None:
    made = dataset()
    kinds = [
        made,
        replace(made, labels="rademacher"),
        replace(made, labels="classes", classes=4),
        replace(made, outputs=3),
        replace(made, teacher="linear"),
    ]
    drawn = [draw_problem(kind, N, D, seed=2, base=7, held_out=5) for kind in kinds]
    for other in drawn[1:]:
        assert np.array_equal(other.x, drawn[0].x)
        assert other.held_out is not None
        assert drawn[0].held_out is not None
        assert np.array_equal(other.held_out.x, drawn[0].held_out.x)
    assert np.array_equal(drawn[1].y, np.sign(drawn[0].y))
    assert not np.array_equal(draw_problem(made, N, D, seed=3, base=7).x, drawn[0].x)


@pytest.mark.parametrize("d", [5, 64])
def test_labels_of_real_data_come_with_the_same_rows(d: int) -> None:
    pytest.importorskip("sklearn")
    own, gaussian, signs = (
        draw_problem(Digits(labels=labels, reduce="random"), 20, d, seed=1, base=1)
        for labels in ("own", "gaussian", "rademacher")
    )
    assert np.array_equal(own.x, gaussian.x)
    assert np.array_equal(own.x, signs.x)
    assert np.array_equal(signs.y, np.sign(gaussian.y))
    assert issubclass(Digits, Observed)


def test_weights_do_not_depend_on_the_kind_of_labels() -> None:
    first, second = (
        draw_weights(LeCun(), ShallowNet(), problem(labels=labels), K, seed=4, base=1)
        for labels in ("gaussian", "rademacher")
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
