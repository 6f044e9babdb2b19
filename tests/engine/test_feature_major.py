"""The feature-major rewrite: what it changes, what it leaves alone, and that numbers stay what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional

from harness import Params
from harness.engine.feature_major import FeatureMajor, feature_major, sample_last


def data(n: int = 50, d: int = 6, k: int = 4) -> tuple[Params, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return {"W": normal(k, d), "U": normal(d, k), "b": normal(k), "v": normal(k)}, normal(n, d)


REWRITTEN: dict[str, Callable[[Params, Tensor], Tensor]] = {
    "@ mT": lambda p, x: x @ p["W"].mT,
    "@ T": lambda p, x: x @ p["W"].T,
    "matmul t": lambda p, x: torch.matmul(x, p["W"].t()),
    "mm transpose": lambda p, x: x.mm(p["W"].transpose(0, 1)),
    "@": lambda p, x: x @ p["U"],
    "linear": lambda p, x: functional.linear(x, p["W"]),
    "linear bias": lambda p, x: functional.linear(x, p["W"], p["b"]),
    "linear named bias": lambda p, x: functional.linear(x, p["W"], bias=p["b"]),
    "second layer": lambda p, x: torch.tanh(x @ p["U"] + p["b"]) @ p["U"].mT,
}

UNTOUCHED: dict[str, Callable[[Params, Tensor], Tensor]] = {
    "feature-major already": lambda p, x: p["W"] @ x.mT,
    "gram": lambda _, x: torch.relu(x) @ torch.relu(x).t(),
    "weights alone": lambda p, _: p["W"] @ p["U"],
    "einsum": lambda p, x: torch.einsum("nd,kd->nk", x, p["W"]),
    "batched": lambda p, x: x.unsqueeze(0) @ p["U"],
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_products_with_weights_are_stored_with_samples_next_to_each_other(name: str) -> None:
    params, x = data()
    plain, found = REWRITTEN[name](params, x), feature_major(REWRITTEN[name])(params, x)
    torch.testing.assert_close(found, plain, rtol=1e-14, atol=1e-14)
    assert plain.stride() == (plain.shape[1], 1)
    assert found.stride() == (1, plain.shape[0])


@pytest.mark.parametrize("name", UNTOUCHED)
def test_everything_else_is_left_alone(name: str) -> None:
    params, x = data()
    plain, found = UNTOUCHED[name](params, x), feature_major(UNTOUCHED[name])(params, x)
    assert torch.equal(found, plain)
    assert found.stride() == plain.stride()


def test_outputs_of_a_vector_of_weights() -> None:
    params, x = data()
    torch.testing.assert_close(
        feature_major(lambda p, x: (x @ p["U"]) @ p["v"])(params, x),
        (x @ params["U"]) @ params["v"],
        rtol=1e-13,
        atol=0,
    )
    mode = FeatureMajor(x)
    with mode:
        h = x @ params["U"]
        h.mv(params["v"])
    assert len(mode.data) == 3  # the inputs, and what was computed from them


@pytest.mark.parametrize("name", REWRITTEN)
def test_stacks_have_the_layout_too(name: str) -> None:
    single, x = data()
    params = {key: value.expand(3, *value.shape).clone() for key, value in single.items()}
    inputs = sample_last(x.expand(3, *x.shape).clone())
    assert inputs.stride() == (x.numel(), 1, len(x))
    found = vmap(feature_major(REWRITTEN[name]))(params, inputs)
    torch.testing.assert_close(found[1], REWRITTEN[name](single, x), rtol=1e-13, atol=1e-13)
    assert found.stride()[1:] == (1, len(x))
