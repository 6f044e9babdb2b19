"""The documentation: everything is documented, every snippet works, no link is dead."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import shlex
import subprocess
import sys
import types
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from harness import TrialRecord, run
from harness.cli import command as top
from harness.components import hookspecs
from harness.driver.fewest_trials import too_few_trials
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite
from harness.suite.schema import suite_schema
from tests.command_line import called
from tests.faults.rude import HOW

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = sorted(page for page in DOCS.rglob("*.md") if "reference" not in page.parts or page.name == "api.md")
PAGES = [*WRITTEN, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def snippets(language: str) -> list[Any]:
    """Every fenced block of a language in the written pages."""
    return [
        pytest.param(page, text, id=f"{page.relative_to(DOCS)}-{i}")
        for page in WRITTEN
        for i, (fence, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")))
        if fence == language
    ]


def verbs(group: click.Command, name: str) -> dict[str, click.Command]:
    """All verbs below a group by their full name."""
    if not isinstance(group, click.Group):
        return {name: group}
    context = click.Context(group)
    found = {verb: group.get_command(context, verb) for verb in group.list_commands(context)}
    return {k: v for verb, c in found.items() if c is not None for k, v in verbs(c, f"{name} {verb}").items()}


VERBS = verbs(top, "harness")


def test_every_hook_verb_option_and_key_says_what_it_is_for(registry: Registry) -> None:
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        assert not name.startswith("harness_") or inspect.getdoc(hook), name
    for name, verb in VERBS.items():
        assert verb.help, name
        for option in verb.params:
            assert not isinstance(option, click.Option) or option.hidden or option.help, (name, option.name)
    for kind in ("model", "initializer", "optimizer", "criterion", "dataset", "diagnostic", "theory"):
        for name, component in registry.all(kind).items():
            said = " ".join(inspect.getdoc(base) or "" for base in component.__mro__)
            for field in fields(component):
                assert re.search(rf"\b{field.name}:", said), f"{kind} {name} does not document {field.name}"
    schema = suite_schema()
    sections = schema["$defs"] | {"top": schema}
    dumb = {"dtype", "from", "to", "step"}  # their names and values say it
    for name, section in sections.items():
        for key, value in section.get("properties", {}).items():
            assert key in dumb or value.get("description") or "$ref" in value or "const" in value, (name, key)


@pytest.mark.parametrize(("page", "text"), snippets("toml"))
def test_suites_in_the_pages_are_suites(page: Path, text: str, registry: Registry) -> None:
    if "[suite]" in text:
        suite = parse_suite(text, registry)
        assert suite.regimes, page
        assert not too_few_trials(suite), f"{page}: what the page says of brackets cannot be seen"


@pytest.mark.parametrize(("page", "text"), snippets("python"))
def test_python_in_the_pages_runs(page: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module = types.ModuleType("snippet")
    sys.modules["snippet"] = module  # dataclasses look their module up
    try:
        exec(compile(text, str(page), "exec", flags=0, dont_inherit=True), module.__dict__)
    finally:
        del sys.modules["snippet"]


@pytest.mark.parametrize("beta", [0.2, 0.5, 0.9])
def test_the_limit_of_nesterovs_momentum_is_that_of_the_page(beta: float) -> None:
    """On λw²/2 with x = ηλ: m ← βm + g, w ← w − η(g + βm), as a map of (w, ηm)."""
    assert "2(1 + β)/(1 + 2β) for Nesterov's momentum" in (DOCS / "how-to" / "module.md").read_text(encoding="utf-8")
    limit = 2 * (1 + beta) / (1 + 2 * beta)
    radius = [
        max(abs(np.linalg.eigvals([[1 - x * (1 + beta), -(beta**2)], [x, beta]])))
        for x in (0.999 * limit, 1.001 * limit)
    ]
    assert radius[0] < 1 < radius[1]


EDITED = """
[suite]
name = "mine"
[problems]
dataset = "sphere"
n = 12
d = 5
[budget]
steps = 20
limit = false
[search]
method = "grid"
widths = [2, 4]
trials = 4
[[regimes]]
name = "softplus"
use = "moderate"
[[regimes]]
name = "features"
use = "output-only"
"""


def test_what_an_edit_costs_is_printed_as_the_page_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "durability.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^\$ harness plan mine\.toml --explain\n(.*?)\n…\n", page, re.M | re.S)
    assert "1.5 → 1.0" in shown
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    run(EDITED, executor="in-process")
    edited = EDITED.replace('"moderate"\n', '"moderate"\nc = 1.0\n')
    (tmp_path / "mine.toml").write_text(edited, encoding="utf-8")
    status, printed, _ = called("plan", "mine.toml", "--explain")
    assert (status, printed[: len(shown)]) == (0, shown)


def commands_of(text: str) -> list[str]:
    """Return the commands of a page: those of its blocks, and those of its prose, in which no blanks are left."""
    blocks = [block for language, block in FENCE.findall(text) if language in ("console", "bash")]
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    prose = re.findall(r"`((?:harness|make|python -m) [^`]+)`", FENCE.sub("", text))
    return [" ".join(command.split()) for command in lines + prose if not re.search("…|<tab>|NAME=", command)]


def test_commands_are_found_in_blocks_and_in_prose() -> None:
    text = "Run `harness plan\nmine.toml`, not `harness`.\n\n```console\n$ make test\nok\n```\n"
    assert commands_of(text) == ["make test", "ok", "harness plan mine.toml"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_in_the_pages_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for rule in re.findall(r"^([\w -]+):", makefile, re.MULTILINE) for name in rule.split()}
    for line in commands_of(page.read_text(encoding="utf-8")):
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= targets, f"{page}: {line}"
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), f"{page}: there is no module for {line}"
        if not words or words[0] != "harness" or "NAME" in words[1:3]:
            continue
        depth = max((i for i in range(1, len(words) + 1) if " ".join(words[:i]) in VERBS), default=0)
        group = words[1:] == [] or any(verb.startswith(" ".join(words[:2]) + " ") for verb in VERBS)
        assert depth or (group and len(words) <= 2) or words[1].startswith("-"), f"{page}: there is no {line}"
        if not depth:
            continue
        verb = VERBS[" ".join(words[:depth])]
        known = {spelling: option for option in verb.params for spelling in (*option.opts, *option.secondary_opts)}
        for word in words[depth:]:
            if word.startswith("-"):
                assert word.split("=")[0] in known or word in ("-h", "--help"), f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_link_between_files_is_dead(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("#"):
            continue
        path = (page.parent / target.split("#")[0]).resolve()
        assert path.exists() or "reference" in path.parts, f"{page}: {target}"


@pytest.mark.parametrize("page", ["README.md", "docs/use.md", "docs/durability.md"])
def test_pages_give_all_reasons_of_a_run_that_stops(page: str) -> None:
    """Those that the help of the verb has."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    (said,) = re.findall(r"\b3 (?:\| )?stopped (.*?)(?:130|\|)", text)
    assert "time is up, the disk is full or workers are lost" in " ".join((VERBS["harness run"].help or "").split())
    for reason in (r"time (is )?up", r"disk (is )?full", r"workers (are )?lost"):
        assert re.search(reason, said), reason


def module_of_docs(name: str) -> Any:
    """A module of the documentation's build, which is not on the path of the tests."""
    sys.path.insert(0, str(DOCS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def theory_pages(registry: Registry) -> dict[str, str]:
    found: dict[str, str] = module_of_docs("generated").theory_pages(registry)
    return found


def test_the_gallery_has_every_reference_report_with_its_headline_and_figures() -> None:
    pages: dict[str, str] = module_of_docs("gallery").report_pages()
    gallery = pages.pop("index")
    reports = ROOT / "reports"
    assert pages.keys() == {path.name for path in reports.iterdir() if (path / "table.md").exists()}
    cards = {re.findall(r"^:target: (.+)\.html$", card, re.M)[0]: card for card in gallery.split(":::{figure} ")[1:]}
    assert cards.keys() == pages.keys()
    for name, page in pages.items():
        record = json.loads((reports / name / "thresholds.json").read_text(encoding="utf-8"))
        headline = "\n\n" + " ".join(record["headline"]) + "\n"
        assert headline in page, name
        assert headline in cards[name], name
        assert f"[{record['title']}]({name}.md)" in cards[name]
        shown = re.findall(r"^:::\{figure\} (\S+)$", page, re.M)
        assert cards[name].startswith(f"{shown[0]}\n"), "the card has the figure that the page begins with"
        files = {(DOCS / "reference" / "reports" / file).resolve() for file in shown}
        assert files == set((reports / name / "figures").iterdir())
        links = re.findall(r"^- \{download\}`.* <(.*)>`$", page, re.M)
        assert {"thresholds.json", "table.tex", f"{name}.toml"} <= {Path(link).name for link in links}
        for link in links:
            assert (DOCS / "reference" / "reports" / link).resolve().is_file(), f"{name}: {link}"
        tables = re.findall(r"^\|.*", (reports / name / "table.md").read_text(encoding="utf-8"), re.M)
        assert re.findall(r"^\|.*", page, re.M) == tables
    assert "## Measured width thresholds\n" in pages["quickstart"]
    # The kernel, seventh of the regimes, has no width and so no scaling.
    for file, title in {
        "scaling-regime-7": "k½ of “both layers, GELU” and its theories",
        "reasons-regime-8": "Why trials of “both layers, GELU” do not fit",
    }.items():
        (figure,) = re.findall(rf"/{file}\.svg\n(.*?):::", pages["review"], re.S)
        assert figure == f":alt: {title}\n\n{title}\n"
    assert cards["figure-phase"].startswith("../../../reports/figure-phase/figures/phase-n100.svg")
    assert cards["replicate-omega"].split("\n")[0].endswith("/curves.svg"), "it has no other figure that could be first"


def test_pages_of_theories_show_the_figures_of_their_regimes(theory_pages: dict[str, str]) -> None:
    shown = {page: re.findall(r"^:::\{figure\} (\S+)\n:name: (\S+)", text, re.M) for page, text in theory_pages.items()}
    assert not shown.pop("index")
    for page, figures in shown.items():
        assert figures, page
        for file, _ in figures:
            assert (DOCS / "reference" / "theories" / file).resolve().is_file(), f"{page}: {file}"
        linked = set(re.findall(r"^\| measured \| \[.*\]\(#(\S+)\) \|$", theory_pages[page], re.M))
        assert linked == {anchor for _, anchor in figures}, page
    anchors = [anchor for figures in shown.values() for _, anchor in figures]
    assert len(set(anchors)) == len(anchors), "a label stands once on the site"


def test_the_index_has_the_maps_of_claimed_and_measured_exponents(theory_pages: dict[str, str]) -> None:
    shown = re.findall(r"^:::\{figure\} \.\./\.\./\.\./(\S+)$", theory_pages["index"], re.M)
    assert "reports/review-wide/figures/exponent-map.svg" in shown
    assert all((ROOT / file).exists() for file in shown)


def test_the_index_says_of_every_theory_how_it_is_known(theory_pages: dict[str, str], registry: Registry) -> None:
    rows = [line for line in theory_pages["index"].splitlines() if line.startswith("| `")]
    assert len(rows) == len(registry.theories())
    by_name = {row.split("`")[1]: row for row in rows}
    assert "abstract only" in by_name["munteanu"]
    assert "derived here" in by_name["cert-d1"]
    assert "arxiv.org/abs/2308.02001" in by_name["madden-thrampoulidis"]
    computed = {name for name, row in by_name.items() if "width a second time" in row}
    left = by_name.keys() - computed
    # Widths that runs measure, and those in terms of a margin that is not computed.
    assert left == {"cert-d4", "cert-kink", "ji-telgarsky", "munteanu-logistic"}
    for theory in registry.theories():
        cells = by_name[theory.name].split(" | ")
        assert len(cells) == 6
        derived = theory.claim.certainty == "derived"
        assert ("proof: `harness_" in cells[4]) is derived
        assert ("title and authors" in cells[5]) is bool(theory.claim.reference.seen and not derived)
        assert ("networks trained on" in cells[5]) is (theory.claim.guarantee == "certificate")
    assert "test error" in by_name["arora"]


@pytest.mark.parametrize(
    ("page", "theory", "anchor"),
    [
        ("harness_moderate", "os-smooth", "quickstart-scaling-regime-1"),  # softplus, as the theorem's own regime
        ("harness_lazy", "du", "review-scaling-regime-4"),  # NTK net, ReLU
        ("harness_narrow", "zhang-landscape", "narrow-scaling-regime-3"),  # constrained
        ("harness_train_all", "song", "train-all-transitions"),  # one size: nothing to draw k½ against
        ("harness_moderate", "os-smooth-sgd", "at-home-transitions"),  # single samples, in no other suite
        ("harness_narrow", "baum", ""),  # gradients train no threshold neurons
    ],
)
def test_a_theory_names_the_figure_of_its_own_regime(
    theory_pages: dict[str, str], page: str, theory: str, anchor: str
) -> None:
    (section,) = [text for text in theory_pages[page].split("\n## ") if f"\n\n`{theory}`\n\n" in text]
    assert ("| measured |" in section) is bool(anchor)
    assert anchor in section


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    run = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def test_every_column_of_a_table_has_a_header(theory_pages: dict[str, str]) -> None:
    reports: dict[str, str] = module_of_docs("gallery").report_pages()
    pages = [(page.name, page.read_text(encoding="utf-8")) for page in WRITTEN]
    pages += [*theory_pages.items(), *reports.items()]
    headers = [(name, row) for name, text in pages for row in re.findall(r"^(\|.*)\n\|[-: |]+\|$", text, re.M)]
    assert len(headers) > 200
    assert [header for header in headers if re.search(r"\|\s*\|", header[1])] == []


def test_the_page_of_files_lists_every_column_of_a_trial() -> None:
    page = (DOCS / "files.md").read_text(encoding="utf-8").split("## Trials\n")[1].split("\n## ")[0]
    columns = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert columns == [field.name for field in fields(TrialRecord)]


def test_each_fault_of_the_page_on_durability_names_tests_that_exist() -> None:
    text = (DOCS / "durability.md").read_text(encoding="utf-8")
    table = text.split("| fault | what happens | test |\n")[1].split("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[1:]]
    assert len(rows) > 70
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    named = ""
    for fault, _, tests in rows:
        said = re.findall(r"`([^`]+)`", tests)
        assert said, fault
        for test in said:
            name, _, case = test.partition("[")
            named = name or named  # the same function with another case
            slow = rf"@pytest\.mark\.slow\n(@.*\n)*def {named}\(|\npytestmark = pytest\.mark\.slow\n"
            (source,) = [text for text in sources.values() if f"\ndef {named}(" in text]
            assert ("(slow)" in tests) == bool(re.search(slow, source)), fault
            assert not case or case.removesuffix("]") in HOW.values(), fault
