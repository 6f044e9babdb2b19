"""Networks given as modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from harness import Cell, ModuleDefault, ModuleModel, Problem
from harness.builtin.models import ShallowNet
from harness.cli import command as main
from harness.engine.work import train
from tests.engine.cases import setting
from tests.engine.modules import MODULE, TwoHidden

if TYPE_CHECKING:
    from torch import Tensor


def problem(n: int = 9, d: int = 5) -> Problem:
    rng = np.random.default_rng(0)
    return Problem(rng.standard_normal((n, d)), rng.standard_normal(n))


def test_a_module_computes_what_it_computes() -> None:
    model, on = TwoHidden(), problem()
    torch.manual_seed(3)
    module = model.module(5, 7).double()
    assert model.shapes(5, 7) == {name: tuple(value.shape) for name, value in module.named_parameters()}
    x = torch.from_numpy(on.x)
    assert torch.equal(model.forward(dict(module.named_parameters()), x), module(x)[:, 0])


def test_default_weights_are_torchs_own_and_leave_its_generator_alone() -> None:
    before = torch.random.get_rng_state()
    drawn = [ModuleDefault().draw(TwoHidden(), problem(), 200, np.random.default_rng(1)) for _ in range(2)]
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(np.array_equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    # nn.Linear draws uniformly within ±1/√fan-in
    assert np.abs(drawn[0]["2.weight"]).max() == pytest.approx(200**-0.5, rel=1e-3)
    assert drawn[0]["2.weight"].std() == pytest.approx((3 * 200) ** -0.5, rel=0.02)
    with pytest.raises(ValueError, match="'shallow' is no module"):
        ModuleDefault().draw(ShallowNet(), problem(), 4, np.random.default_rng(1))


class _Scaled(nn.Module):
    def __init__(self, d: int, k: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(d, k, bias=False)
        self.scale = k**-0.5

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.scale * torch.relu(self.hidden(x)).sum(-1)
        return found


@dataclass(frozen=True)
class Scaled(ModuleModel):
    name: ClassVar[str] = "scaled"

    def module(self, d: int, k: int) -> nn.Module:
        return _Scaled(d, k)


@dataclass(frozen=True)
class Normalised(ModuleModel):
    name: ClassVar[str] = "normalised"

    def module(self, d: int, k: int) -> nn.Module:
        return nn.Sequential(nn.Linear(d, k), nn.BatchNorm1d(k), nn.Linear(k, 1))


class Layered(ModuleModel):
    """A module with a layer that keeps its size."""

    name = "layered"

    def module(self, d: int, k: int) -> nn.Module:
        return nn.Sequential(nn.Linear(d, k), nn.LayerNorm(k), nn.Linear(k, 1))


class Ended(nn.Module):
    """Two linear layers, and a function of their outputs."""

    def __init__(self, d: int, k: int, end: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(d, k), nn.Linear(k, 1))
        self.end = end

    def forward(self, x: torch.Tensor) -> Any:
        return self.end(self.layers(x))


@dataclass(frozen=True)
class WithEnd(ModuleModel):
    name: ClassVar[str] = "with-end"
    end: Callable[[torch.Tensor], Any] = torch.tanh

    def module(self, d: int, k: int) -> nn.Module:
        return Ended(d, k, self.end)


@pytest.mark.parametrize("end", [lambda y: y * torch.rand(()), nn.functional.dropout], ids=["rand", "dropout"])
def test_modules_that_draw_random_numbers_are_refused_as_such(end: Callable[[torch.Tensor], Any]) -> None:
    before = torch.get_rng_state()
    with pytest.raises(TypeError, match=r"has other outputs when it is run again .* leave random numbers and dropout"):
        WithEnd(end).shapes(6, 8)
    assert torch.equal(torch.get_rng_state(), before)


def test_modules_that_return_more_than_outputs_are_refused_as_such() -> None:
    with pytest.raises(TypeError, match="returns tuple, expected a tensor: return the outputs alone"):
        WithEnd(lambda y: (y, None)).shapes(6, 8)


def test_a_module_whose_outputs_are_not_finite_keeps_no_size() -> None:
    assert WithEnd(torch.log).shapes(6, 8) == WithEnd().shapes(6, 8)


def test_modules_that_are_no_functions_of_their_weights_are_refused() -> None:
    assert Scaled().shapes(4, 4) == {"hidden.weight": (4, 4)}
    with pytest.raises(TypeError, match="keeps a size from when it was made"):
        Scaled().shapes(5, 7)
    with pytest.raises(TypeError, match=r"buffers 1\.running_mean"):
        Normalised().shapes(5, 7)
    with pytest.raises(TypeError, match=r"LayerNorm does: call torch\.nn\.functional\.layer_norm"):
        Layered().shapes(5, 7)


def test_it_trains() -> None:
    outcomes = train(setting(MODULE, tolerances=(0.9, 0.5), steps=1000), Cell("", 20, 5, 8), range(3))
    assert [outcome.message for outcome in outcomes] == [""] * 3
    assert all(outcome.hits[0] is not None for outcome in outcomes)


COMPOSED = """\
plugins = ["mine.py"]
[suite]
name = "mine"
[problems]
dataset = "sphere"
n = 6
d = 3
[budget]
steps = 10
[search]
method = "grid"
widths = [2]
trials = 2
[[regimes]]
name = "mine"
model = "two-layers"
initializer = "lecun"
optimizer = "gd"
criterion = "quadratic"
"""
PLUGIN = """\
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from harness import ModuleModel, hookimpl

@dataclass(frozen=True)
class TwoLayers(ModuleModel):
    name: ClassVar[str] = "two-layers"

    def module(self, d, k):
        from torch import nn
        return nn.Sequential(nn.Linear(d, k), nn.Tanh(), nn.Linear(k, 1))

@hookimpl
def harness_models():
    return [TwoLayers]
"""


@pytest.mark.parametrize(
    "verb", [("run",), ("plan",), ("theory", "--suite"), ("trial", "--regime", "mine", "--k", "2")], ids=lambda v: v[0]
)
def test_an_initializer_of_other_networks_is_an_error_of_the_suite(
    verb: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(PLUGIN)
    Path("suite.toml").write_text(COMPOSED)
    done = CliRunner().invoke(main, [*verb, "suite.toml"])
    assert done.exit_code == 2, done.output
    assert "line 17, regimes[0].initializer: initializer 'lecun' needs" in " ".join(done.output.split())
    assert "use 'module-default'" in done.output
    assert not Path("reports").exists()
