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
