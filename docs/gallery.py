"""Pages of the reference reports, made from the files that the project keeps of each, and the gallery of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.report.page import HEROES

REPORTS = Path(__file__).parents[1] / "reports"
"""The reference reports, each with the figures of one suite."""

TITLES = {
    "phase": "P(fit) over k and n or d",
    "scaling-n": "k½ of every regime against n",
    "scaling-d": "k½ of every regime against d",
    "scaling-regime": "k½ of “{regime}” and its theories",
    "exponent-map": "Exponents that the brackets allow",
    "collapse": "k½ d/n against n",
    "transitions": "P(fit) against k",
    "sharpness": "Width of the transition against n",
    "step-size": "k½ against the step size",
    "reasons-regime": "Why trials of “{regime}” do not fit",
    "curves": "Training near the threshold",
    "hitting-steps": "Steps to each tolerance",
    "survival": "Share of nets that fit by each step",
    "laziness": "Movement in training",
    "sensitivity": "k½ over tolerance and budget",
}
"""Titles of figures by the beginning of their file's name, in the order of a report."""

FILES = ("table.tex", "references.bib", "thresholds.json", "other-seed.json")


def report_pages() -> dict[str, str]:
    """Return the page of each reference report by the name of its suite, and the gallery as ``index``."""
    kept = {path.parent.name: json.loads(path.read_text("utf-8")) for path in sorted(REPORTS.glob("*/thresholds.json"))}
    return {"index": _gallery(kept), **{name: _report(name, record) for name, record in kept.items()}}


def figures(name: str, record: Mapping[str, Any]) -> dict[str, str]:
    """Return the figures of a report with their titles, the one that a page begins with first.

    Args:
        name: Name of the suite.
        record: Its ``thresholds.json``.

    Returns:
        Title of each figure by the name of its file.
    """
    regimes = [regime["name"] for regime in record["regimes"]]
    # Scalings are numbered by the regimes that have a width, reasons by all.
    wide = [regime["name"] for regime in record["regimes"] if regime["has_width"]]
    found = []
    for path in (REPORTS / name / "figures").glob("*.svg"):
        kind = next(kind for kind in TITLES if path.stem.startswith(kind))
        number = int(path.stem.rsplit("-", 1)[1]) if kind.endswith("-regime") else 0
        of = (wide if kind == "scaling-regime" else regimes)[number - 1] if number else ""
        found.append((list(TITLES).index(kind), number, path.name, TITLES[kind].format(regime=of)))
    found.sort()
    hero = next((one for one in found if one[2].startswith(HEROES)), found[0])
    return {file: title for *_, file, title in sorted(found, key=lambda one: one is not hero)}


def _figure(name: str, file: str, alt: str, caption: str, *options: str) -> str:
    path = f"../../../reports/{name}/figures/{file}"
    return "\n".join([f":::{{figure}} {path}", f":alt: {alt}", *options, "", caption, ":::"])


def _report(name: str, record: Mapping[str, Any]) -> str:
    """Return the headline, the first figure, the tables, the other figures, and the files of a report."""
    text = (REPORTS / name / "table.md").read_text("utf-8")
    _, comment, tables = re.split(r"<!-- (.*?) -->", text, maxsplit=1)
    title = record["title"]
    tables = re.sub(r"<!-- .*? -->", "", tables)
    tables = re.sub(r"^\*\*(.*)\*\*$", lambda found: f"## {found[1].replace(f' · {title}', '')}", tables, flags=re.M)
    (hero, first), *others = figures(name, record).items()
    files = [f"{name}/{file}" for file in FILES if (REPORTS / name / file).exists()]
    links = ["reports/" + file for file in files] + [f"suites/{name}.toml"]
    parts = [
        f"# {title}",
        f"`harness run {name}`",
        " ".join(record["headline"]),
        _figure(name, hero, first, first),
        tables.strip(),
        "## Figures",
        *(_figure(name, file, said, said) for file, said in others),
        "## Files",
        "\n".join(f"- {{download}}`{link} <../../../{link}>`" for link in links),
        f"From {comment}.",
    ]
    return "\n\n".join(parts) + "\n"


def _gallery(kept: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page with the headline and the first figure of every report."""
    cards = []
    for name, record in kept.items():
        hero, said = next(iter(figures(name, record).items()))
        caption = f"[{record['title']}]({name}.md)\n\n{' '.join(record['headline'])}"
        cards.append(_figure(name, hero, said, caption, f":target: {name}.html"))
    parts = [
        "# Reference reports",
        "Each shipped suite as it was run for the project: its headline, and the page with its tables and figures. "
        "[Theories](../theories/index.md) has the figures by the plugin that knows the theory. The "
        '<a href="../../claims.html">explorer of claims</a> has all claims on one page, with sliders for n and d.',
        "\n".join(["::::{container} gallery", *cards, "::::"]),
        "\n".join(["```{toctree}", ":hidden:", "", *kept, "```"]),
    ]
    return "\n\n".join(parts) + "\n"
