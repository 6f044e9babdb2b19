"""One cause is reported once, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plugin_host.loading import load_plugins
from harness.testing.case import Finding
from harness.testing.conformance import cases, once

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from harness import ModuleModel, hookimpl


@dataclass(frozen=True)
class Odd(ModuleModel):
    \"\"\"A net with one odd part.\"\"\"

    name: ClassVar[str] = "odd"

    def module(self, d, k):
        return {module}


@hookimpl
def harness_models():
    return [Odd]
"""

NORMED = "nn.Sequential(nn.Linear(d, k), nn.BatchNorm1d(k{}), nn.Tanh(), nn.Linear(k, 1))"
DROPPED = "nn.Sequential(nn.Linear(d, k), nn.Tanh(), nn.Dropout(0.5), nn.Linear(k, 1)){}"


CHECKED = ("shapes", "forward", "global state", "gradient", "linear")
"""Checks that are quick, each of which makes the module."""


def findings(folder: Path, module: str) -> list[Finding]:
    file = folder / "odd.py"
    file.write_text(PLUGIN.replace("{module}", module), encoding="utf-8")
    found = cases(load_plugins([file]), str(file))
    return once(case.find() for case in found if case.check.name in CHECKED and case.subject.name == "odd")


@pytest.mark.parametrize(
    ("module", "remedy"),
    [
        (NORMED.format(""), "write BatchNorm1d(k, track_running_stats=False)"),
        (DROPPED.format(""), "return module.eval(), or leave it out"),
    ],
)
def test_one_cause_is_one_failure_with_the_remedy(tmp_path: Path, module: str, remedy: str) -> None:
    found = findings(tmp_path, module)
    (failed,) = (one for one in found if one.status == "failed")
    assert remedy in failed.messages[0]
    reasons = [one.messages for one in found if one.status == "skipped"]
    assert reasons == [("not checked, for the reason that “shapes” gives",)] * (len(CHECKED) - 1)


def test_the_remedies_help(tmp_path: Path) -> None:
    found = findings(tmp_path, DROPPED.format(".eval()"))
    assert not [one for one in found if one.status == "failed" and "drops out" in str(one)]
    normed = findings(tmp_path, NORMED.format(", track_running_stats=False"))
    assert not [one for one in normed if one.status == "failed" and "buffers" in str(one)]


OPTIMIZER = """
from dataclasses import dataclass
from typing import ClassVar

import torch

from harness import Optimizer, hookimpl


@dataclass(frozen=True)
class Odd(Optimizer):
    \"\"\"A method with one odd part.\"\"\"

    name: ClassVar[str] = "odd"

    def start(self, params):
        return {"steps": {state}}

    def update(self, params, grads, state, step_size):
        {step}


@hookimpl
def harness_optimizers():
    return [Odd]
"""

STEP = "return {name: params[name] - step_size * grads[name] for name in grads}"
IN_PLACE = "[value.sub_(step_size * grads[name]) for name, value in params.items()]; return params, state"


@pytest.mark.parametrize(
    ("state", "step", "check", "remedy"),
    [
        (
            "0",
            f"{STEP}, state",
            "update",
            "start returns state with 'steps' = 0, expected tensors alone: torch",
        ),
        ("torch.tensor(0)", STEP, "update", "update returns dict, expected a pair: return weights, state"),
        ("torch.tensor(0)", IN_PLACE, "pure", "update changes the weights it is given: return new tensors"),
    ],
)
def test_a_fault_of_an_optimizer_is_said_once_though_it_is_met_with_every_option(
    tmp_path: Path, state: str, step: str, check: str, remedy: str
) -> None:
    file = tmp_path / "odd.py"
    file.write_text(OPTIMIZER.replace("{state}", state).replace("{step}", step), encoding="utf-8")
    quick = ("update", "pure", "stackable")
    found = cases(load_plugins([file]), str(file))
    failed = [one for one in once(c.find() for c in found if c.check.name in quick) if one.status == "failed"]
    assert [one.check for one in failed] == [check]
    (message,) = failed[0].messages
    assert remedy in message
