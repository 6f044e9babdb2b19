"""What every component promises, whatever it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
import pytest

from harness import Array, Dataset
from harness.builtin.deep import DeepNet
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.engine.draws import draw_problem
from harness.plugin_host.checks import ContractError, collect


@dataclass(frozen=True)
class Before(Dataset):
    """Gaussian inputs and labels."""

    name: ClassVar[str] = "grown"
    scale: float = 1.0

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        return self.scale * rng.standard_normal((n, d)), rng.standard_normal(n)


@dataclass(frozen=True)
class After(Before):
    """The same data set after it was given an option."""

    since: ClassVar[dict[str, str]] = {"shift": "2.0"}
    shift: float = 0.0


@dataclass(frozen=True)
class Careless(Before):
    """The same without a word about it."""

    shift: float = 0.0


def test_an_option_added_later_moves_no_draw_at_its_default() -> None:
    def drawn(dataset: Dataset) -> Array:
        return draw_problem(dataset, 5, 3, seed=2, base=1).x

    assert After().spec() == Before().spec() == {"use": "grown", "version": 1, "scale": 1.0}
    assert np.array_equal(drawn(After()), drawn(Before()))
    assert not np.array_equal(drawn(Careless()), drawn(Before()))
    assert not np.array_equal(drawn(After(shift=1.0)), drawn(Before()))
    assert After(shift=1.0).spec()["shift"] == 1.0


def test_options_are_copies_with_parts_by_name() -> None:
    assert GradientDescent(c=2.0).options() == asdict(GradientDescent(c=2.0))
    assert ShallowNet("tanh").options() == {"activation": "tanh", "train": "hidden", "biases": False}
    net = DeepNet("relu", ["k", 3])  # type: ignore[arg-type]  # as a suite gives it
    options = net.options()
    options["hidden"].append(4)
    assert net.options()["hidden"] == ["k", 3]


def test_since_names_options() -> None:
    wrong = type("Wrong", (After,), {"since": {"shfit": "2.0"}})
    with pytest.raises(ContractError, match="since names 'shfit'"):
        collect("harness_datasets", [wrong])
