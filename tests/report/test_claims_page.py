"""The explorer of claims: every number is what Python says, and the sliders choose among these numbers."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.claims.predictions import Prediction
from harness.cli import command
from harness.components.entries import Number
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.report import claims_page as module
from harness.report.claims_page import Grid, claims_page
from harness.session.predicting import dataset_named, predicted, problem_of

from .browser import asked, needs_browser
from .html_reader import Reader

GRID = Grid(n=(10, 20, 40), d=(5, 30), most_on_data=20)


def evaluate(registry: Registry, n: int, d: int) -> list[Prediction]:
    return predicted(registry, problem_of(registry, dataset_named(registry, "sphere", None), n, d, 1), None, print)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins()


@pytest.fixture(scope="module")
def page(registry: Registry) -> str:
    return claims_page(partial(evaluate, registry), "sphere, seed 1", GRID)


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<pre id="claims-data" hidden>(.*?)</pre>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


def titles(page: str) -> list[str]:
    return [unescape(one).rstrip("†") for one in re.findall(r'<th scope="row" class="words">(.*?)</th>', page)]


def test_every_number_is_what_python_says(page: str, registry: Registry) -> None:
    data = data_of(page)
    theories = {one.claim.title: one for one in registry.theories() if "numbers" in one.targets}  # labels of the sphere
    rows = titles(page)
    assert sorted(rows) == sorted(theories)
    on_data = {(n, d): {p.theory.claim.title: p for p in evaluate(registry, n, d)} for n, d in ((10, 5), (20, 5))}
    evaluated = 0
    for title, cells in zip(rows, data["cells"], strict=True):
        for i, n in enumerate(GRID.n):
            for j, d in enumerate(GRID.d):
                shown, scaling, shown_on_data, width, met = cells[i][j]
                expected = theories[title].scaling(n, d)
                assert scaling == expected
                text = "–" if expected is None else Number(expected).text()
                assert data["texts"][shown].partition(" (")[0] == text
                found = on_data.get((n, d), {}).get(title)
                if found is None:
                    assert (width, data["texts"][met]) == (None, "not evaluated on data")
                    continue
                finite = math.isfinite(found.width.value)
                evaluated += finite
                assert width == (found.width.value if finite else None)
                assert not finite or data["texts"][shown_on_data].startswith(Number(found.width.value).text())
                assert data["texts"][met].startswith("✗") is not found.applies
    assert evaluated > 2 * 30


def test_a_dash_never_stands_without_its_reason(page: str) -> None:
    dashes = [text for text in data_of(page)["texts"] if text.startswith("–")]
    assert dashes
    assert all(len(text) > 5 for text in dashes)


def test_the_page_asks_for_nothing_and_shows_the_start_without_a_script(page: str) -> None:
    read = Reader(page)
    for tag, attributes in read.elements:
        assert tag not in ("img", "link", "iframe", "object", "embed", "image", "base"), tag
        assert not {"src", "style"} & set(attributes)
    assert "default-src 'none'" in page
    data = data_of(page)
    first = re.search(r"<th scope=\"row\".*?</th><td[^>]*>(.*?)</td>", page)
    assert first is not None
    assert unescape(first[1]) == data["texts"][data["cells"][1][0][0][0]]  # n = 20, d = 5: nearest to the usual start


DRIVEN = """
const rows = () => [...document.querySelectorAll("#claims tbody tr")].filter((row) => row.checkVisibility());
const texts = () => rows().map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent));
const input = (element, value) => {
  element.value = value;
  element.dispatchEvent(new Event("input", { bubbles: true }));
};
const found = { start: texts() };
input(document.getElementById("n"), 2);
input(document.getElementById("d"), 1);
found.moved = texts();
const head = [...document.querySelectorAll("#claims thead button")].find((one) => one.textContent === "C = 1");
head.click();
found.ascending = texts();
head.click();
found.descending = texts();
head.click();
const filter = document.querySelector("[data-filter=trains]");
input(filter, "output");
found.filtered = rows().map((row) => row.dataset.trains);
found.lines = document.querySelectorAll("#chart .claim").length;
document.querySelector("#controls [type=reset]").click();
await new Promise((resolve) => setTimeout(resolve, 50));
found.reset = texts();
found.wide = document.documentElement.scrollWidth <= window.innerWidth;
return found;
"""


@needs_browser
def test_in_a_browser_sliders_show_the_numbers_of_their_size(page: str, tmp_path: Path) -> None:
    found, data, rows = asked(page, DRIVEN, tmp_path), data_of(page), titles(page)

    def expected(i: int, j: int) -> list[list[str]]:
        cells = [claim[i][j] for claim in data["cells"]]
        return [
            [title, *(data["texts"][place] for place in cell[::2])] for title, cell in zip(rows, cells, strict=True)
        ]

    def plain(shown: list[list[str]]) -> list[list[str]]:
        return [[title.rstrip("†"), *rest] for title, *rest in shown]

    assert plain(found["start"]) == plain(found["reset"]) == expected(1, 0)
    assert plain(found["moved"]) == expected(2, 1)
    numbers = {title: claim[2][1][1] for title, claim in zip(rows, data["cells"], strict=True)}
    for name, sign in (("ascending", 1), ("descending", -1)):
        order = [numbers[title] for title, *_ in plain(found[name])]
        known = [number for number in order if number is not None]
        assert known == sorted(known, key=lambda number, sign=sign: sign * number)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        assert order[len(known) :] == [None] * (len(order) - len(known))
    assert set(found["filtered"]) == {"output"}
    assert 0 < found["lines"] <= len(found["filtered"]) < len(rows)
    assert found["wide"]


def test_the_verb_writes_the_page_and_refuses_what_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "Grid", partial(Grid, n=(10,), d=(5,)))
    run = CliRunner()
    assert run.invoke(command, ["theory", "--html", "claims.html"]).exit_code == 0
    assert len(titles((tmp_path / "claims.html").read_text(encoding="utf-8"))) > 60
    refused = run.invoke(command, ["theory", "--html", "claims.html", "--n", "40", "--theory", "daniely*"])
    assert refused.exit_code == 2
    assert "--n, --theory cannot stand beside --html" in " ".join(refused.output.split())
