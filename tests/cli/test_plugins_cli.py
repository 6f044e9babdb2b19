from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.report.describe import meanings, options, prose
from tests.command_line import called
from tests.plugin_host.plugin_sources import OWN, install

GONE = EntryPoint("gone", "no_such_module", "harness")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *OWN, GONE)
    monkeypatch.setenv("COLUMNS", "120")


def test_list_shows_status_components_and_the_reason_of_broken_ones() -> None:
    status, out, _ = called("plugins", "list")
    assert status == 0
    assert "momentum" in out
    assert "not loaded: ModuleNotFoundError" in out


def test_list_as_json() -> None:
    _, out, _ = called("plugins", "list", "--json")
    found = {plugin["name"]: plugin for plugin in json.loads(out)["plugins"]}
    assert found["gone"]["status"] == "broken"
    assert {"gd", "momentum", "sgd", "adam"} <= set(found["builtin"]["components"]["optimizer"])
    assert "harness_theories" in found["moderate"]["hooks"]


def test_info_of_a_component_explains_its_options() -> None:
    _, out, _ = called("plugins", "info", "momentum", "--json")
    (record,) = json.loads(out)["found"]
    assert record["what"] == "optimizer"
    factor = next(option for option in record["options"] if option["name"] == "c")
    assert (factor["type"], factor["default"]) == ("number > 0", 1.5)
    assert factor["meaning"].startswith("Factor of the stable step.")
    status, out, _ = called("plugins", "info", "momentum")
    assert status == 0
    assert "w ← w + m" in out


def test_info_of_a_name_shared_by_a_plugin_and_a_regime_shows_both() -> None:
    _, out, _ = called("plugins", "info", "moderate", "--json")
    assert [record["what"] for record in json.loads(out)["found"]] == ["plugin", "regime"]


def test_info_of_a_broken_plugin_shows_the_traceback() -> None:
    _, out, _ = called("plugins", "info", "gone")
    assert "Traceback" in out
    assert "no_such_module" in out


def test_info_of_a_theory_says_how_it_is_known() -> None:
    _, out, _ = called("plugins", "info", "os-smooth")
    assert "certainty" in out
    assert "arXiv 1902.04674" in out


@pytest.mark.parametrize("arguments", [("info", "mometum"), ("info", "builtin:mometum")])
def test_an_unknown_name_gets_the_nearest_and_status_2(arguments: tuple[str, ...]) -> None:
    status, out, err = called("plugins", *arguments)
    assert status == 2
    assert not out
    assert "there is no plugin and no component" in err
    if ":" not in arguments[1]:
        assert "did you mean 'momentum'" in err


def test_a_plugin_file_is_listed_and_harmless_in_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("raise RuntimeError('\\x1b[31mred')\n")
    status, out, _ = called("plugins", "list", "--plugin", str(file))
    assert status == 0
    assert "\x1b" not in out
    assert "not loaded: RuntimeError" in " ".join(out.split())


def test_meanings_are_inherited_and_joined() -> None:
    from harness.builtin.optimizers import Momentum

    assert "λ_max(J₀J₀ᵀ)" in meanings(Momentum)["step_size"]
    assert prose(Momentum).startswith("Heavy ball")
    assert {"step_size", "c", "beta"} <= {option.name for option in options(Momentum)}


def test_what_comes_from_a_file_is_found_again_with_it(tmp_path: Path) -> None:
    file = tmp_path / "my own.py"
    file.write_text("raise RuntimeError('no')\n")
    _, out, _ = called("plugins", "list", "--plugin", str(file))
    assert f"harness plugins info NAME --plugin '{file}'" in " ".join(out.split())
    _, out, _ = called("plugins", "list")
    assert "harness plugins info NAME." in " ".join(out.split())
    _, out, _ = called("plugins", "check", str(file))
    assert f"harness plugins info my own --plugin '{file}'" in " ".join(out.split()).replace("'my own'", "my own")
    _, _, err = called("plugins", "info", "log-width")
    assert "what a file provides needs --plugin FILE" in err
