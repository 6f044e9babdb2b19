"""The page: read as text, and driven in a browser where there is one."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from harness.components import Cell, Fate, Outcome
from harness.driver.results import Results
from harness.report import explorer as explorer_module
from harness.report import page as page_module
from harness.report.explorer import explorer_data
from harness.report.figures.catalogue import catalogue
from harness.report.figures.style import svg
from harness.report.headline import headline
from harness.report.inline_svg import compact, inline
from harness.report.packing import packed
from harness.report.page import page
from harness.report.page_trials import trial_columns
from harness.report.predicted import predict_suite
from harness.report.thresholds_view import measured

from .browser import CHROMIUM, asked, browser, framed, needs_browser
from .conftest import LADDER
from .html_reader import Reader
from .specimen import HOSTILE, renamed


def test_the_page_is_well_formed_and_names_every_part(text: str) -> None:
    read = Reader(text)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in read.named("a")} <= set(map(str, ids))
    words = "".join(read.text)
    for said in (
        "Measured width thresholds",
        "relu | wide",
        "convergence-harness 0.1.0",
        "out of memory",
        "k½ against",
    ):
        assert said in words
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in read.named("svg"))
    assert (
        len(read.named("figcaption")) == len(read.named("figure")) == len(read.named("svg")) - 2 > 4
    )  # the explorer, and the first for a phone


def test_the_page_asks_for_nothing(text: str) -> None:
    read = Reader(text)
    for tag, attributes in read.elements:
        assert tag not in ("img", "link", "iframe", "object", "embed", "image", "base", "form"), tag
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert str(attributes.get(name) or "#").startswith("#")
    assert "@import" not in text
    assert not [found for found in re.findall(r"url\(([^)]*)\)", text) if not found.startswith("#")]
    (policy,) = [m["content"] for m in read.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)


def unpacked(text: str) -> dict[str, Any]:
    """Return the data of a page as its script reads them."""
    (data,) = re.findall(r'<pre id="packed" hidden>(.*?)</pre>', text, re.DOTALL)
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(data)))
    return found


def test_every_cell_has_its_counts_and_every_trial(results: Results, text: str) -> None:
    words = " ".join("".join(Reader(text).text).split())
    data = unpacked(text)
    places = [(r.name, n, d) for r in results.suite.regimes for n, d in results.sizes() if results.widths(r.name, n, d)]
    for (regime, n, d), listed in zip(places, data["cells"], strict=True):
        cells = [Cell(regime, n, d, k) for k in results.widths(regime, n, d)]
        assert results.repeat(cells[0], results.outcomes[cells[0]][0]) in words
        for cell, (verdicts, steps, measures) in zip(cells, listed, strict=True):
            trials = results.outcomes[cell]
            assert [data["verdicts"][int(digit)] for digit in verdicts] == [trial.verdict(1) for trial in trials]
            assert steps == [trial.hits[1] for trial in trials]
            assert measures.split(" ") == ["–" if trial.message else f"{trial.measure:.3g}" for trial in trials]
            fits = sum(trial.verdict(1) == "fit" for trial in trials)
            assert f"k = {cell.k}: {fits} of {sum(not trial.message for trial in trials)} fit" in words
    assert "(2 diverged, 1 failed)" in words


def test_trials_that_do_not_count_from_nought_keep_their_numbers(results: Results) -> None:
    cell = Cell("random features", 40, 10, 4)
    later = tuple(replace(trial, seed=trial.seed + 7) for trial in results.outcomes[cell])
    found = trial_columns(replace(results, outcomes={**results.outcomes, cell: later}))
    assert found["cells"][-1][-1][3] == list(range(7, 27))


def many(results: Results, regimes: int, sizes: Sequence[int], widths: int, trials: int) -> Results:
    """Return results in which neither steps nor measures of trials repeat."""
    one = results.suite.regimes[0]
    suite = replace(
        results.suite,
        regimes=tuple(replace(one, name=f"regime {i}") for i in range(regimes)),
        n=tuple(sizes),
        d=(10, 20),
    )
    draw = random.Random(1)

    def trial(seed: int, k: int) -> Outcome:
        fits = draw.random() < k / widths
        hits = (*sorted(draw.sample(range(9000), 3)), None) if fits else (draw.randrange(9000), None, None, None)
        return Outcome(seed, hits, steps=9000, measure=draw.lognormvariate(-5, 2), falling=draw.random() < 0.3)

    cells = [Cell(r.name, n, d, k) for r in suite.regimes for n, d in suite.sizes for k in range(1, widths + 1)]
    return replace(results, suite=suite, outcomes={c: tuple(trial(s, c.k) for s in range(trials)) for c in cells})


def test_a_trial_takes_six_bytes(results: Results) -> None:
    large = many(results, 2, (40, 80), 10, 375)
    assert large.trial_count == 30_000
    assert len(packed(trial_columns(large))) < 6 * 30_000


@pytest.mark.slow
def test_a_page_of_30_000_trials_is_smaller_than_2_mb_and_has_them_all(results: Results) -> None:
    large = many(results, 10, (40, 60, 80, 120, 160, 200), 10, 25)
    assert large.trial_count == 30_000
    text = page(large, predict_suite(large.suite, large.registry.theories()))
    assert len(text.encode()) < 2_000_000
    assert "the page would be too large" not in text
    data = unpacked(text)
    assert sum(len(cell[0]) for place in data["cells"] for cell in place) == 30_000
    assert all(len(place["answers"]) == LADDER for place in data["places"])


def test_the_largest_figures_of_a_page_that_would_be_too_large_are_left_out_in_words(
    results: Results, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = len(text.encode()) - 20_000
    monkeypatch.setattr(page_module, "MOST_BYTES", most)
    smaller = page(results, predict_suite(results.suite, results.registry.theories()))
    assert len(smaller.encode()) < most + 1000  # their names and the reason
    sizes = {name: len(figure) for name, figure in re.findall(r'<figure id="figure-([^"]*)"(.*?)</figure>', text, re.S)}
    left = [name for name in sizes if f'<figure id="figure-{name}"' not in smaller]
    assert left == [name for name in sizes if sizes[name] >= min(sizes[one] for one in left)] != []
    assert all(f"{name} (the page would be too large; harness report --figures" in smaller for name in left)


def test_marks_of_figures_name_their_style(text: str) -> None:
    assert 'style="' not in "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))


def test_an_unfinished_run_says_so(results: Results) -> None:
    assert "Unfinished: 7 trials are missing" in page(replace(results, outcomes={}, missing=7), {})


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 6))
def test_hostile_names_do_no_harm(results: Results, start: int) -> None:
    names = [" ".join(HOSTILE[(start + i + j) % len(HOSTILE)] for j in range(2)) for i in (0, 2, 4)]
    name = " ".join(names)
    hostile = renamed(results, dict(zip(("softplus", "relu | wide", "random features"), names, strict=True)))
    suite = replace(hostile.suite, title=name, description=name, text=f'title = "{name}"')
    broken = {
        cell: tuple(replace(trial, message=name) if trial.message else trial for trial in trials)
        for cell, trials in hostile.outcomes.items()
    }
    text = page(
        replace(hostile, suite=suite, outcomes=broken, provenance={"suite": name, "versions": {name: name}}), {}
    )
    read = Reader(text)
    assert len(read.named("script")) == 1
    assert not [tag for tag, _ in read.elements if tag in ("img", "i", "b")]
    assert not [a for _, attributes in read.elements for a in attributes if a.startswith("on")]
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(text)


def test_figures_keep_apart_and_take_the_page_s_colours() -> None:
    svg = '<svg width="1pt"><metadata>x</metadata><g id="a"/><use xlink:href="#a" style="fill: #222222"/></svg>'
    found = inline(svg, "one", 'a "b" <c>')
    assert 'id="one-1"' in found
    assert 'use href="#one-1"' in found
    assert "fill:currentColor" in found
    assert "metadata" not in found
    assert 'aria-label="a &#34;b&#34; &lt;c&gt;"' in found


def test_compact_figures_keep_all_marks_and_texts(phase_results: Results) -> None:
    for drawing in catalogue(phase_results, {}).drawings:
        before = svg(drawing.draw())
        after = compact(before)
        assert len(after) < 0.8 * len(before)
        for tag in ("path", "use", "text", "clipPath", "rect"):
            assert len(re.findall(f"<{tag}\\b", after)) == len(re.findall(f"<{tag}\\b", before))
        assert re.findall(r"<text[^>]*>(.*?)</text>", after) == re.findall(r"<text[^>]*>(.*?)</text>", before)
        referred = set(re.findall(r'(?:url\(|href=")#([^")]*)', after))
        assert referred <= set(re.findall(r'id="([^"]*)"', after))
        assert Reader(after).elements  # whose tags are in pairs
        places = [coordinates(before), coordinates(after)]
        assert places[1] == pytest.approx(places[0], abs=0.051)


def coordinates(text: str) -> list[float]:
    """Return the numbers in the paths and places of an SVG element, in order."""
    found = re.findall(r' (?:x|y|width|height|d)="([^"]*)"', text)
    return [float(number) for one in found for number in re.findall(r"-?[\d.]+", one.removesuffix("pt"))]


PROBE = """
const found = {violations: [], errors: []};
document.addEventListener("securitypolicyviolation", (e) => found.violations.push(e.blockedURI));
window.addEventListener("error", (e) => found.errors.push(String(e.message)));
window.addEventListener("load", () => {
  found.stops = [...document.querySelectorAll(".scroll")].filter((box) => box.checkVisibility())
    .map((box) => [box.scrollWidth > box.clientWidth, box.tabIndex === 0]);
  const shown = (rows) => [...rows].filter((row) => row.checkVisibility()).map((row) => row.cells);
  // Whether the number after the name of each row is in the window before the table is scrolled.
  found.beside = shown(document.querySelectorAll("#compact tbody tr")).map((cells) => (
    [...cells].find((cell) => cell.classList.contains("right")).getBoundingClientRect().right <= window.innerWidth
  ));
  const table = document.getElementById("thresholds");
  const headers = [...table.tHead.rows[0].cells];
  const data = () => shown(table.querySelectorAll("tbody tr:not(.setting):not(.promise)"));
  const name = (header) => header.textContent;
  const column = headers.findIndex((header) => name(header) === "trials");
  const values = () => data().map((cells) => Number(cells[column].dataset.value ?? cells[column].textContent));
  found.grouped = values();
  found.settings = shown(table.querySelectorAll("tr.setting")).length;
  const button = headers[column].querySelector("button");
  const order = [];
  for (const expected of ["ascending", "descending", null]) {
    button.click();
    const settings = shown(table.querySelectorAll("tr.setting")).length;
    order.push([headers[column].getAttribute("aria-sort"), values(), settings]);
  }
  found.order = order;
  const select = document.getElementById("regime");
  const choose = (value) => { select.value = value; select.dispatchEvent(new Event("change")); };
  choose("random features");
  found.filtered = data().map((cells) => cells[0].textContent);
  found.figures = [...document.querySelectorAll("figure")].filter((f) => f.checkVisibility()).map((f) => f.id);
  button.click();
  found.filteredAndSorted = data().length;
  choose("");
  found.all = data().length;
  found.resources = performance.getEntriesByType("resource").map((entry) => entry.name);
  found.status = document.getElementById("status").textContent;
  found.wide = document.documentElement.scrollWidth <= window.innerWidth;
  const out = document.createElement("pre");
  out.id = "probe";
  out.textContent = JSON.stringify(found);
  parent.document.body.append(out);
});
"""


def driven(text: str, directory: Path, width: int = 0) -> tuple[dict[str, Any], str]:
    """Open a page that drives itself in a headless browser; return what it found, and what the console said."""
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    probed = text.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    probed = probed.replace("<title>", f"<script>{PROBE}</script><title>", 1)
    file = directory / "page.html"
    file.write_text(framed(probed, width) if width else probed, encoding="utf-8")
    done = browser(
        directory,
        "--window-size=1200,900",
        f"--log-net-log={directory / 'net.json'}",
        "--enable-logging=stderr",
        "--virtual-time-budget=8000",
        "--dump-dom",
        file.as_uri(),
    )
    match = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-1000:]
    found: dict[str, Any] = json.loads(unescape(match[1]))
    return found, done.stderr


@needs_browser
def test_in_a_browser_tables_sort_and_filter_and_no_request_leaves(text: str, tmp_path: Path) -> None:
    found, console = driven(text, tmp_path)
    assert found["violations"] == found["errors"] == found["resources"] == []
    assert "CONSOLE" not in console
    (ascending, up, none), (descending, down, _), (restored, again, settings) = found["order"]
    assert (ascending, descending, restored) == ("ascending", "descending", None)
    assert up == sorted(found["grouped"])
    assert down == sorted(found["grouped"], reverse=True)
    assert again == found["grouped"] != up
    assert none == 0
    assert settings == found["settings"] > 0
    assert set(found["filtered"]) == {"random features"}
    assert len(found["filtered"]) == found["filteredAndSorted"] == 3
    assert "figure-scaling-regime-1" not in found["figures"]
    assert "figure-scaling-regime-3" in found["figures"]
    assert found["all"] == len(found["grouped"]) == 9
    assert [scrolls for scrolls, _ in found["stops"]] == [stops for _, stops in found["stops"]]
    assert not all(stops for _, stops in found["stops"])
    assert found["wide"]
    sent = (tmp_path / "net.json").read_text(encoding="utf-8", errors="replace")
    hosts = set(re.findall(r'"url":"(?:https?|wss?)://([^/"]*)', sent))
    # The browser asks for its own things; the resolver sends them nowhere.
    assert not {host for host in hosts if not host.endswith(("google.com", "gvt1.com", "googleapis.com"))}


@needs_browser
def test_the_browser_would_have_seen_a_request(text: str, tmp_path: Path) -> None:
    asking = text.replace("<main>", '<main><img src="http://example.invalid/x.png" alt="">', 1)
    found, console = driven(asking, tmp_path)
    assert found["violations"] == ["http://example.invalid/x.png"]
    assert "CONSOLE" in console


@needs_browser
def test_in_a_narrow_browser_a_page_of_hostile_names_runs_nothing(results: Results, tmp_path: Path) -> None:
    names = {"softplus": HOSTILE[0], "relu | wide": f"{HOSTILE[1]} of many words, so that it is wider than a phone"}
    found, console = driven(page(renamed(results, names), {}), tmp_path, width=400)
    assert [True, True] in found["stops"]
    assert found["beside"]
    assert all(found["beside"])
    assert found["violations"] == found["errors"] == found["resources"] == []
    assert "CONSOLE" not in console
    assert found["wide"]


@pytest.mark.skipif(CHROMIUM is None or shutil.which("pdftotext") is None, reason="needs Chromium and pdftotext")
def test_on_paper_heads_are_repeated_and_what_is_closed_is_left_out(text: str, tmp_path: Path) -> None:
    file, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(
        text.replace("</style>", "@page { size: A5 landscape }</style>", 1), encoding="utf-8"
    )  # small pages break tables
    browser(tmp_path, f"--print-to-pdf={paper}", file.as_uri()).check_returncode()
    done = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, timeout=60, check=True)
    pages = done.stdout.split("\f")
    heads = [number for number, page in enumerate(pages) if "guarantee" in page and "÷ k½" in page]
    assert len(heads) > 1  # the theories need more than a page
    said = " ".join(done.stdout.split())
    assert 'name = "relu | wide"' in said  # the suite's text
    assert "of the cells, those are printed that were open" in said.lower()
    assert "k = 512: 0 of 20 fit" not in said  # a closed cell
    assert "Provenance" in said


def test_the_page_opens_with_what_was_found_a_figure_and_the_short_table(results: Results, text: str) -> None:
    said = " ".join(headline(results, predict_suite(results.suite, results.registry.theories())))
    marks = ('class="answer"', 'id="hero"', "k½ at n = 160, d = 10", 'id="explore-head"', 'id="tables"')
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert said[:40] in text


def test_the_explorer_has_every_count_and_bracket(results: Results, text: str) -> None:
    record = unpacked(text)["places"]
    assert len(record) == len(results.places)
    for place in record:
        where = place["regime"], place["n"], place["d"]
        assert [fit for fit, _ in place["answers"]] == ["0.1", "0.01", "0.0025", "0.001"]
        for fit, within in place["answers"]:
            assert [steps for steps, *_ in within] == [f"{s} steps" for s in (100, 200, 500, 1000, 2000, 5000, 9000)]
            for steps, said, half, low, high, limited, fits in within:
                found = results.threshold(*where, float(fit), int(steps.split()[0]))
                assert (half, low, high, limited) == (found.k_half, found.low, found.high, found.limited)
                counts = dict(zip(place["widths"], zip(fits, place["trials"], strict=True), strict=True))
                assert counts == found.counts
                reason = "too few trials to certify even a bound" if found.trials else "no trials yet"
                known = (low, high) != (None, None)
                assert said == (measured(found).text() if known else f"not known ({reason})")
    assert "not known (no trials yet)" in str(record)
    (one,) = (place for place in record if (place["regime"], place["n"], place["d"]) == ("softplus", 160, 10))
    assert one["leading"] == ["0.01", "9000 steps"]
    ends = {steps: (low, high) for steps, _, _, low, high, *_ in dict(one["answers"])["0.01"]}
    # The trials of 24 and 25 neurons that fit do so at step 1000.
    assert (ends["500 steps"], ends["1000 steps"], ends["9000 steps"]) == ((48, None), (23, 25), (23, 25))
    assert ["Oymak & Soltanolkotabi 2020, Cor 2.2", 2560.0] in [theory[:2] for theory in one["theories"]]


def test_the_explorer_asks_for_exact_fits_and_for_unlimited_steps(results: Results) -> None:
    def fated(k: int, trial: Outcome) -> Outcome:
        fits = trial.hits[1] is not None or k == 11
        fate = Fate("fit proved", "limit", 0.0) if fits else Fate("stuck proved", "limit", 0.0)
        return trial if trial.message else replace(trial, fate=fate)

    outcomes = {cell: tuple(fated(cell.k, trial) for trial in trials) for cell, trials in results.outcomes.items()}
    decided = replace(results, outcomes=outcomes)
    (one,) = (place for place in explorer_data(decided, {}) if place["regime"] == "softplus" and place["n"] == 80)
    assert one["leading"] == ["exact", "unlimited"]
    answers = {(fit, steps): ends for fit, within in one["answers"] for steps, *ends in within}
    assert [steps for fit, steps in answers if fit == "exact"] == ["unlimited"]
    for (fit, steps), (_, half, low, high, *_) in answers.items():
        asked = (
            (0.0, None) if fit == "exact" else (float(fit), math.inf if steps == "unlimited" else int(steps.split()[0]))
        )
        found = decided.threshold("softplus", 80, 10, *asked)
        assert (half, low, high) == (found.k_half, found.low, found.high)
    assert answers["exact", "unlimited"][3] == 11 < answers["0.01", "9000 steps"][3]


def test_a_large_page_keeps_fewer_budgets_and_then_fewer_tolerances(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    for most in (9 * 28, 9 * 28 - 1, 9 * 4 - 1):
        monkeypatch.setattr(explorer_module, "MOST_ANSWERS", most)
        (one, *_) = explorer_data(results, {})
        kept.append([(fit, len(within)) for fit, within in one["answers"]])
    ladder = ["0.1", "0.01", "0.0025", "0.001"]
    assert kept == [[(fit, 7) for fit in ladder], [(fit, 1) for fit in ladder], [("0.01", 1)]]


@needs_browser
def test_in_a_browser_the_explorer_shows_the_bracket_within_the_chosen_budget(
    results: Results, text: str, tmp_path: Path
) -> None:
    script = """
    const pick = (name) => document.getElementById(`explore-${name}`);
    const choose = (name, value) => { pick(name).value = value; pick(name).dispatchEvent(new Event("change")); };
    const drawn = (what, side) => document.querySelector(`#explore-plot .${what}`).getAttribute(side);
    const look = () => ({
      fit: pick("fit").value, budget: pick("budget").value, said: document.getElementById("explore-said").textContent,
      bracket: [drawn("bracket", "x"), drawn("bracket", "width")], curve: drawn("curve", "points"),
    });
    await packed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const found = [look()];
    choose("budget", "500 steps"); found.push(look());
    choose("n", "80"); found.push(look());
    choose("budget", "1000 steps"); found.push(look());
    choose("fit", "0.1"); choose("budget", "200 steps"); found.push(look());
    const address = location.hash;
    choose("n", "160"); choose("fit", "0.01");
    location.hash = address;
    await new Promise((resolve) => setTimeout(resolve, 50));
    found.push(look());
    found.push(address);
    const open = async (details) => { details.open = true; await new Promise((resolve) => setTimeout(resolve, 50)); };
    const place = document.querySelectorAll(".place")[2];
    await open(place);
    await open(place.querySelector("details"));
    found.push(place.querySelector("pre").textContent.split("\\n"));
    found.push([...document.querySelectorAll("#explore label")].map((label) => label.firstChild.textContent.trim()));
    return found;
    """
    *looks, linked, address, listed, labels = asked(text, script, tmp_path)
    assert labels == ["Regime", "n", "d", "Fit", "Budget"]
    assert address == "#explore=softplus/80/10/0.1/200%20steps"
    assert linked == looks[-1]
    trials = results.outcomes[Cell("softplus", 160, 10, 23)]
    assert [line.split() for line in listed[1:]] == [
        [
            str(trial.seed),
            trial.verdict(1),
            str(trial.hits[1] or "–"),
            "–" if trial.message else f"{trial.measure:.3g}",
        ]
        for trial in trials
    ]
    chosen = [(160, 0.01, 9000), (160, 0.01, 500), (80, 0.01, 500), (80, 0.01, 1000), (80, 0.1, 200)]
    for look, (n, fit, steps) in zip(looks, chosen, strict=True):
        found = results.threshold("softplus", n, 10, fit, steps)
        assert (look["fit"], look["budget"]) == (f"{fit:g}", f"{steps} steps")
        assert (
            f"k½ of softplus at n = {n}, d = 10, {fit:g} within {steps} steps: {measured(found).text()}."
            in look["said"]
        )
        assert ", ".join(f"{m}/{trials} at {k}" for k, (m, trials) in sorted(found.counts.items())) in look["said"]
    assert looks[0]["bracket"] != looks[1]["bracket"]
    assert looks[0]["curve"] != looks[1]["curve"]
