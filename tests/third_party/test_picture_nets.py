"""A convolution and a criterion of classes of a plugin: the kit tries them at sizes and outputs that they are for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import command
from harness.components import Cell, Regime
from harness.driver.threshold_searches import threshold_searches
from harness.engine.work import train
from harness.plugin_host.loading import load_plugins
from harness.suite import parse_suite
from harness.testing.case import Subject
from harness.testing.conformance import check_plugin
from harness.testing.criteria import exact_fit
from harness.testing.regimes import beside, composed
from harness.testing.samples import accepted

FILE = Path(__file__).with_name("picture_nets.py")

SUITE = """
[suite]
name = "pictures"
[problems]
dataset = { use = "sphere", labels = "rademacher" }
n = 8
d = 16
[budget]
steps = 200
[search]
method = "grid"
widths = [8]
trials = 3
[[regimes]]
use = "picture"
criterion = "smoothed-signs"
"""


@pytest.mark.usefixtures("quick_imports")
def test_it_passes_the_conformance_kit() -> None:
    registry = load_plugins(files=[FILE])
    found = check_plugin(registry, str(FILE))
    assert [str(finding) for finding in found if finding.status == "failed"] == []
    assert accepted(registry.find("model", "picture-net")()) == 9
    done = CliRunner().invoke(command, ["plugins", "check", str(FILE)])
    said = " ".join(done.output.split())
    assert "no theory stands beside this regime: it trains the model picture-net, and none is about that" in said


def test_it_trains_with_signs() -> None:
    registry = load_plugins(files=[FILE])
    (search,) = threshold_searches(parse_suite(SUITE, registry), registry, "cpu")
    outcomes = train(search.setting, Cell("", 8, 16, 8), range(3))
    assert [outcome.message for outcome in outcomes] == [""] * 3
    assert {8 * outcome.measure % 1 for outcome in outcomes} == {0.0}  # shares of 8 signs


def subject(kind: Any, name: str, item: object) -> Subject:
    registry = load_plugins(files=[FILE])
    (plugin,) = [one for one in registry if one.origin == str(FILE)]
    return Subject(kind, name, item, plugin, registry)


def test_a_measure_of_classes_that_counts_what_is_right_fails() -> None:
    sound: Any = load_plugins(files=[FILE]).find("criterion", "smoothed-signs")

    class Upside(sound):  # type: ignore[misc]  # the class is loaded from a file
        """It rewards wrong signs, and calls a fit what is none."""

        def measure(self, outputs: Any, y: Any) -> Any:
            return (len(y) - self.wrong(outputs, y)) / len(y)

        def loss(self, outputs: Any, y: Any) -> Any:
            return super().loss(-outputs, y)

    found = list(exact_fit(subject("criterion", "upside", Upside)))
    assert found[0].startswith("measure is 1 where outputs equal labels")
    assert found[1].startswith("measure is no lower where all classes are right than where most are wrong")


def three_layers() -> Regime:
    registry = load_plugins(files=[FILE])
    picture: Regime = registry.find("regime", "picture")
    return replace(
        picture, model=registry.find("model", "deep")(), initializer=registry.find("initializer", "fan-in")()
    )


def test_a_theory_that_a_regime_names_says_how_its_own_differs() -> None:
    named = replace(three_layers(), theory="os-smooth")
    (fault,) = composed(subject("regime", "deep", named))
    assert "(trains the hidden layer where this trains 3 layers; " in fault


def test_a_regime_beside_which_theories_stand_says_nothing() -> None:
    regime = load_plugins().find("regime", "moderate")
    assert list(beside(subject("regime", "moderate", regime))) == []
