"""Pages of the reference that are made from the code, so that they cannot go stale."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

    from harness import Regime, Theory
    from harness.claims.predictions import Prediction
    from harness.plugin_host.registry import Registry
    from harness.suite import Suite

FAMILIES = {
    "model": "Models",
    "initializer": "Initializers",
    "optimizer": "Optimizers",
    "criterion": "Criteria",
    "dataset": "Datasets",
    "diagnostic": "Diagnostics",
}


REPORTS = Path(__file__).parents[1] / "reports"
"""The reference reports, each with the figures of one suite."""

FIRST = ("quickstart", "review")
"""Suites whose figures are looked at before the others, after the one that has the plugin's name."""

MET = {True: "✓", False: "✗", None: "?"}

ROLE = re.compile(r":[a-z]+:`([^`]+)`")
"""A cross-reference in a docstring."""


def write_pages(directory: Path) -> None:
    """Write every generated page below ``directory``, touching none that has not changed."""
    from gallery import report_pages

    from harness.plugin_host.loading import load_plugins

    registry = load_plugins()
    pages = {
        "hooks.md": hooks_page(),
        "suite.md": suite_page(),
        "command-line.md": commands_page(),
        "components.md": components_page(registry),
        "presets.md": presets_page(registry),
        "notebook.md": notebook_page(directory.parent / "notebooks" / "thresholds.ipynb"),
        **{f"theories/{name}.md": text for name, text in theory_pages(registry).items()},
        **{f"reports/{name}.md": text for name, text in report_pages().items()},
    }
    for name, text in pages.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def notebook_page(file: Path) -> str:
    """Return the texts and the code of a notebook."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(file.read_text("utf-8"))["cells"]]
    return "\n\n".join(text if kind == "markdown" else f"```ipython\n{text}\n```" for kind, text in cells) + "\n"


def hooks_page() -> str:
    """Return the page of the hooks."""
    from harness.components import hookspecs

    parts = ["# Hooks", inspect.getdoc(hookspecs) or ""]
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("harness_"):
            returns = str(inspect.signature(hook).return_annotation)
            parts += [f"## `{name}`", f"Returns `{returns}`.", inspect.getdoc(hook) or ""]
    return "\n\n".join(parts) + "\n"


def suite_page() -> str:
    """Return the page of the keys of a suite, from its JSON Schema."""
    from harness.suite.schema import suite_schema

    made = suite_schema()
    parts = ["# Keys of a suite", "Made from `suites/suite.schema.json`, which editors complete and check suites with."]
    parts += list(_section(made, made, ""))
    return "\n\n".join(parts) + "\n"


def _section(whole: Mapping[str, Any], node: Mapping[str, Any], title: str) -> Iterator[str]:
    rows, further = [], []
    for key, found in node.get("properties", {}).items():
        options = _alternatives(whole, found)
        objects = [option for option in options if option.get("properties")]
        # A table that may replace a number is written on one line, without a heading of its own.
        nested = objects if len(objects) == len(options) else []
        for option in nested:
            part = f"[{key}]" if found.get("type") != "array" and "items" not in found else f"[[{key}]]"
            method = option["properties"].get("method", {}).get("const")
            further.append((f"`{part}`" + (f", method `{method}`" if method else ""), option))
        if not nested:
            default = json.dumps(found["default"], ensure_ascii=False) if "default" in found else ""
            needed = "required" if key in node.get("required", ()) else default
            said = " ".join(found.get("description", "").split())
            rows.append(f"| `{key}` | {_kind(options)} | {needed} | {said.replace('|', chr(92) + '|')} |")
    if title:
        yield f"## {title}"
        if node.get("description"):
            yield " ".join(node["description"].split())
    if rows:
        yield "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])
    for name, option in further:
        yield from _section(whole, option, name)


def _alternatives(whole: Mapping[str, Any], node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in node:
        return _alternatives(whole, whole["$defs"][node["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in node:
        return [found for option in node["anyOf"] for found in _alternatives(whole, option)]
    if node.get("type") == "array" and "items" in node:
        inner = _alternatives(whole, node["items"])
        return inner if any(option.get("properties") for option in inner) else [node]
    return [node]


def _kind(options: list[Mapping[str, Any]]) -> str:
    kinds = []
    for option in options:
        if "enum" in option:
            kinds.append(" or ".join(f"`{value}`" for value in option["enum"]))
        elif "const" in option:
            kinds.append(f"`{option['const']}`")
        elif option.get("type") == "array":
            kinds.append("list")
        elif option.get("properties"):
            kinds.append("`{ " + ", ".join(option["properties"]) + " }`")
        elif option.get("type") not in (None, "null"):
            kinds.append(str(option["type"]))
    return " or ".join(dict.fromkeys(kinds))


def commands_page() -> str:
    """Return the page of the command line: the help of every verb."""
    from harness.cli import command

    parts = ["# Command line", _help(command)]
    parts += [text for _, text in commands(command, "harness")]
    return "\n\n".join(parts) + "\n"


def commands(group: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Yield each verb below a group with its section."""
    import click

    if not isinstance(group, click.Group):
        return
    for verb in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), verb)
        if command is None or command.hidden:
            continue
        full = f"{name} {verb}"
        rows = [
            f"| {_spelling(option)} | {' '.join((option.help or '').split())} |"
            for option in command.params
            if isinstance(option, click.Option) and not option.hidden
        ]
        table = ["| option | meaning |", "|---|---|", *rows] if rows else []
        yield full, "\n\n".join([f"## `{full}`", _help(command), "\n".join(table)]).rstrip()
        yield from commands(command, full)


def _spelling(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    return f"`{', '.join(option.opts)}{value}`".replace("|", "\\|")


def _help(command: click.Command) -> str:
    text = inspect.cleandoc(command.help or "")
    said, _, examples = text.partition("\b\n")
    return said.strip() + (f"\n\n```console\n{_prompted(examples)}\n```" if examples else "")


def _prompted(examples: str) -> str:
    return "\n".join(f"$ {line}" if line.startswith("harness ") else line for line in examples.strip().splitlines())


def components_page(registry: Registry) -> str:
    """Return the page of every component and its options."""
    parts = ["# Components", 'Each stands in a suite as `{ use = "name", option = value }`.']
    for kind, title in FAMILIES.items():
        parts.append(f"## {title}")
        for name, component in sorted(registry.all(kind).items()):
            rows = [f"| `{f.name}` | {_default(f)} |" for f in fields(component)]
            table = ["| option | default |", "|---|---|", *rows] if rows else []
            parts += [f"### `{name}`", _prose(component), "\n".join(table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _default(field: Any) -> str:
    value = (
        field.default_factory() if field.default is MISSING and field.default_factory is not MISSING else field.default
    )
    return "required" if value is MISSING else f"`{value!r}`"


def _prose(thing: Any) -> str:
    """Return a docstring as Markdown: prose, and the attributes as a list."""
    text = inspect.getdoc(thing) or ""
    body, _, attributes = text.partition("\nAttributes:\n")
    listed = []
    for line in inspect.cleandoc(attributes).splitlines():
        head, colon, rest = line.partition(":")
        if colon and head.isidentifier():
            listed.append(f"- `{head}`: {rest.strip()}")
        elif listed and line.strip():
            listed[-1] += " " + line.strip()
    body = ROLE.sub(lambda role: f"`{role[1].lstrip('~').rsplit('.', 1)[-1]}`", body).replace("``", "`")
    lines = ["    " + line if line.startswith("    ") else line for line in body.strip().splitlines()]
    return "\n".join(lines) + ("\n\n" + "\n".join(listed) if listed else "")


def presets_page(registry: Registry) -> str:
    """Return the page of the regimes that plugins provide."""
    parts = ["# Presets", 'Regimes that suites use by name: `[[regimes]]` with `use = "name"`.']
    rows = [
        f"| `{name}` | {regime.summary} | `{regime.model.name}` | `{regime.initializer.name}` | "
        f"`{regime.optimizer.name}` | `{regime.criterion.name}` |"
        for name, regime in sorted(registry.all("regime").items())
    ]
    head = ["| preset | what | model | initializer | optimizer | criterion |", "|---|---|---|---|---|---|"]
    return "\n\n".join([*parts, "\n".join([*head, *rows])]) + "\n"


@dataclass(frozen=True)
class Measured:
    """A figure of a reference report, and the regime that it is of.

    Attributes:
        file: Below the folder of the reports.
        suite: Name of the suite.
        regime: Name of the regime in it; empty where the figure is of all.
        package: On whose page it is shown.
    """

    file: str
    suite: str
    regime: str
    package: str

    @property
    def anchor(self) -> str:
        """Label of the figure, which the site has once."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.package}-{self.suite}-{Path(self.file).stem}")


def measured(theory: Theory, home: Regime, package: str, suites: Mapping[str, Suite]) -> Measured | None:
    """Return the figure of a reference report with a regime that the theory concerns, or None if there is none.

    Of several regimes, the one most like the theory's own is taken.
    """
    own = package.removeprefix("harness_").replace("_", "-")
    order = sorted(suites, key=lambda name: (name != own, FIRST.index(name) if name in FIRST else len(FIRST), name))
    candidates = []
    for name in order:
        wide = [regime for regime in suites[name].regimes if regime.model.has_width]
        for number, regime in enumerate(wide, 1):
            if theory.concerns(regime):
                unlike = sum(a != b for a, b in zip(_kept(regime), _kept(home), strict=True))
                for figure in (f"scaling-regime-{number}.svg", "transitions.svg"):
                    file = f"{name}/figures/{figure}"
                    if (REPORTS / file).exists():
                        of = regime.name if figure.startswith("scaling") else ""
                        candidates.append((unlike, not of, Measured(file, name, of, package)))
    return min(candidates, key=lambda found: found[:2])[2] if candidates else None


def _kept(regime: Regime) -> tuple[Any, ...]:
    """Return what two regimes have in common or not."""
    return regime.model.name, regime.model.describe(), regime.initializer.name, regime.optimizer.name


def _shown(figures: Mapping[Measured, list[str]]) -> str:
    """Return the figures of a page, each with the theories that concern its regime."""
    from harness.report.figures.scaling import LAWS, WHAT

    said = f"From the reference reports of the shipped suites. {WHAT}{LAWS}"
    parts = ["## Measured", said]
    for figure, titles in figures.items():
        what = f"k½ of “{figure.regime}”" if figure.regime else "P(fit) against k"
        path = Path("../../..") / "reports" / figure.file
        report = f"[{figure.suite}](../reports/{figure.suite}.md)"
        said = f"{what}, suite {report}. Theories that speak of it: {'; '.join(titles)}."
        parts.append(f":::{{figure}} {path.as_posix()}\n:name: {figure.anchor}\n:alt: {what}\n\n{said}\n:::")
    return "\n\n".join(parts)


def theory_pages(registry: Registry) -> dict[str, str]:
    """Return a page for each plugin's theories with the figures of their regimes, and their index."""
    from harness.builtin.datasets import Sphere
    from harness.claims.predictions import predict
    from harness.engine.draws import draw_problem
    from harness.plugin_host.composition import build_regime
    from harness.suite import load_suite

    kept = sorted(path.parent.name for path in REPORTS.glob("*/thresholds.json"))
    suites = {name: load_suite(name)[0] for name in kept if (REPORTS.parent / "suites" / f"{name}.toml").exists()}
    problem = draw_problem(Sphere(), 200, 20, seed=0, base=1)
    by_plugin: dict[str, list[Prediction]] = {}
    for theory in registry.theories():
        package = type(theory).__module__.split(".")[0]
        regime = build_regime(dict(theory.claim.home), registry)
        by_plugin.setdefault(package, []).append(predict(theory, regime, problem))
    pages = {}
    for package, found in by_plugin.items():
        title = package.removeprefix("harness_").replace("_", " ").capitalize()
        parts = [
            f"# {title}",
            f"What the plugin `{package}` knows. Assumptions as they stand for 200 samples on the sphere in R²⁰ "
            "and the regime that the theorem speaks of: ✓ holds, ✗ does not, ? cannot be checked.",
        ]
        ordered = sorted(found, key=lambda p: p.theory.claim.title)
        figures = {p.theory.name: measured(p.theory, p.regime, package, suites) for p in ordered}
        parts += [_theory(prediction, figures[prediction.theory.name]) for prediction in ordered]
        shown: dict[Measured, list[str]] = {}
        for p in ordered:
            if (figure := figures[p.theory.name]) is not None:
                shown.setdefault(figure, []).append(p.theory.claim.title)
        parts += [_shown(shown)] if shown else []
        pages[package] = "\n\n".join(parts) + "\n"
    listed = "\n".join(sorted(pages))
    known = known_rows([prediction.theory for found in by_plugin.values() for prediction in found])
    pages["index"] = (
        "# Theories\n\nA statement that was neither read in its source nor derived here is marked † in every table.\n\n"
        f"```{{toctree}}\n{listed}\n```\n\n## How each claim is known\n\n{KNOWN}\n\n{known}\n\n{_maps()}\n\n{UNSEEN}\n"
    )
    return pages


def _maps() -> str:
    """Return the maps of exponents of the reference reports, those over many sizes first, with what they show."""
    from harness.report.figures.exponent_map import WHAT

    figures = []
    files = sorted(REPORTS.glob("*/figures/exponent-map.svg"))
    for file in sorted(files, key=lambda one: not one.parent.parent.name.startswith("review")):
        suite = file.parent.parent.name
        path, said = f"../../../reports/{suite}/figures/{file.name}", f"Exponents that the brackets of {suite} allow"
        figures.append(f":::{{figure}} {path}\n:alt: {said}\n\n[{said}](../reports/{suite}.md)\n:::")
    return "\n\n".join(["## Claimed exponents beside measured ones", WHAT, *figures])


KNOWN = """\
“seen at” is the text from which a claim is known, or the place of its proof here. “checked”: the width is computed a
second time in `tests/claims`, from the formula and by other means, and agrees to nine digits; certified networks are
trained on and keep the bounds; title and authors were compared with the page."""


UNSEEN = """\
## Claims that are not in the tables

The exponents of these could not be seen, so no row is printed for them: A. Razborov 2022 (arXiv 2212.02323; ReLU,
Gaussian data, adversarial labels, both layers at different rates), M. Polaczyk and J. Cyranka (arXiv 2201.12052; SGD,
ReLU by differential inclusions), F. Liao and A. Kyrillidis 2021."""


def known_rows(theories: list[Theory]) -> str:
    """Return a table of how the claim of each theory is known, the weakest first.

    It has the address of the passage from which the claim is known, or of its proof here, and what was checked.
    """
    from typing import get_args

    from harness.components.vocabulary import Certainty
    from harness.report.overview_view import CERTAINTY

    order = ["memory", "secondary", "abstract", "read", "derived"]
    assert sorted(order) == sorted(get_args(Certainty))
    rows = ["| theory | claim | known | in detail | seen at | checked |", "|---|---|---|---|---|---|"]
    again = widths_computed_again()
    for theory in sorted(theories, key=lambda one: (order.index(one.claim.certainty), one.claim.title)):
        claim = theory.claim
        cells = (
            f"`{theory.name}`",
            claim.title,
            CERTAINTY[claim.certainty],
            claim.certainty_note,
            _passage(theory),
            "; ".join(_checks(theory, again)) or "nothing",
        )
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(rows)


def widths_computed_again() -> set[str]:
    """Return the names of theories whose widths the tests compute a second time, from the formulas alone."""
    files = sorted((REPORTS.parent / "tests" / "claims").glob("test_second_*.py"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    keys = {found[1] for line in lines if (found := re.match(r' +"([a-z0-9-]+)": ', line))}
    return keys.union(*(re.findall(r'"([a-z0-9-]+)"', line) for line in lines if line.startswith("@second(")))


def _passage(theory: Theory) -> str:
    """Return the address of the passage that was seen, of the proof, or of the source where no passage is known."""
    claim = theory.claim
    if claim.certainty == "derived":
        of = type(theory)
        proof = f"proof: `{of.__module__.split('.')[0]}`, {of.__name__}"
        return f"{proof}; [claim]({claim.reference.seen})" if claim.reference.seen else proof
    if claim.reference.seen:
        return f"[{re.sub(r'^https?://(www[.])?', '', claim.reference.seen).split('/')[0]}]({claim.reference.seen})"
    return f"none; {claim.reference.text}"


def _checks(theory: Theory, again: set[str]) -> list[str]:
    """Return what was checked of a claim: its width, its proof on networks, its entry in the bibliography."""
    claim = theory.claim
    checks = ["width a second time"] if theory.name in again else []
    if claim.guarantee == "certificate":
        checks.append("networks trained on")
    if claim.certainty != "derived" and claim.reference.seen:
        checks.append("title and authors")
    return checks


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _theory(prediction: Prediction, figure: Measured | None) -> str:
    from harness.report.overview_view import known

    claim = prediction.theory.claim
    exponents = claim.exponents.at(prediction.n, prediction.d) if claim.exponents else None
    width = prediction.width
    rows = [
        ("formula", claim.formula),
        ("guarantee", claim.guarantee),
        ("constant", "explicit" if claim.explicit else "unknown; tables set it to 1"),
        ("exponents a, b of n^a d^b", ", ".join(f"{e:g}" for e in exponents) if exponents else "none"),
        ("known", known(claim, ":")),
        ("source", claim.reference.text),
        ("width at n = 200, d = 20", f"{width.value:.4g} ({width.reason})" if width.reason else f"{width.value:.4g}"),
    ]
    if figure is not None:
        rows.append(("measured", f"[{figure.regime or 'all regimes'}, suite {figure.suite}](#{figure.anchor})"))
    table = "\n".join(["| property | value |", "|---|---|", *(f"| {name} | {_cell(text)} |" for name, text in rows)])
    listed = [f"- {MET[a.holds]} {a.text}" + (f" ({a.found})" if a.found else "") for a in prediction.assumptions]
    assumed = "\n".join(listed)
    mark = "" if claim.verified else " †"
    bibtex = f"```bibtex\n{claim.reference.bibtex}\n```" if claim.reference.bibtex else ""
    parts = [f"## {claim.title}{mark}", f"`{prediction.theory.name}`", _prose(type(prediction.theory)), table]
    return "\n\n".join([*parts, f"Assumptions:\n\n{assumed}" if assumed else "", bibtex]).strip()
