"""What the README and the pages behind it show is true: their suite loads, their plugin works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.components import Theory
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite
from harness.testing import check_plugin

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_LINES = 150


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) < MOST_LINES
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_suite_loads(registry: Registry) -> None:
    (text,) = blocks("use.md", "toml")
    suite = parse_suite(text, registry)
    assert [regime.name for regime in suite.regimes] == ["moderate, gelu", "moderate, mirrored"]


@pytest.mark.usefixtures("quick_imports")
def test_the_plugin_keeps_to_the_contract_and_its_theory_concerns_the_quickstart(tmp_path: Path) -> None:
    (text,) = blocks("own-theory.md", "python")
    (tmp_path / "log_theory.py").write_text(text, encoding="utf-8")
    registry = load_plugins([tmp_path / "log_theory.py"])
    assert not [plugin.reason for plugin in registry.broken if plugin.is_file]
    theory: Theory = registry.find("theory", "log-n")()
    assert theory.concerns(registry.regime("moderate"))
    assert not theory.concerns(registry.regime("output-only"))
    findings = check_plugin(registry, str(tmp_path / "log_theory.py"))
    assert not [finding for finding in findings if finding.status == "failed"]


def test_every_verb_shown_exists() -> None:
    from harness.cli import VERBS

    pages = README + "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("use.md", "compared.md"))
    shown = set(re.findall(r"\$ harness ([\w-]+)", pages))
    assert shown <= {*VERBS, *load_plugins().commands()}
    assert {"run", "plan", "report", "theory", "plugins"} <= shown


def test_make_targets_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:`|\$ )make (\w+)", README))
    assert {"quickstart", "test", "bench"} <= targets
    assert targets <= {name for rule in re.findall(r"^([\w -]+):", makefile, re.MULTILINE) for name in rule.split()}
