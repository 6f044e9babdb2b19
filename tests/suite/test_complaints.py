# ruff: noqa: E501  # a table of cases reads best with a case a line
"""Complaints: their codes and places here, their wording in ``golden/complaints.txt``.

After a change of wording that is meant: ``REFRESH_GOLDEN=1 python -m pytest -n 0 tests/suite/test_complaints.py``, then
read the difference.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any, get_args

import pytest

from harness.complaints import Code, Complaint, SpecError
from harness.plugin_host.component_data import component_from
from harness.plugin_host.composition import build_regime
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.options import configure
from harness.plugin_host.registry import Plugin, Registry
from harness.suite import load_suite
from harness.suite.reading import parse_suite
from harness.suite.requires import missing_packages

from .good_suite import EXAMPLE, GOOD, OWN, ROOT, parse, write

GOLDEN = Path(__file__).parent / "golden" / "complaints.txt"

# (text that is replaced, by what, and the complaints as "line place code", "-" for no line or place)
MALFORMED = [
    ("n = [40, 80]", "n = [40, 80", "8 - not-toml"),
    ("d = 20", "d = ", "8 - not-toml"),
    ('name = "good"', 'name = "good"\nname = "bad"', "3 - not-toml"),
    ('name = "good"', 'nmae = "good"', "1 suite.name missing", "2 suite.nmae unknown-option"),
    ("seed = 1", "quick = 1", "3 suite.quick unknown-option"),
    ('name = "good"', "", "1 suite.name missing"),
    ('name = "good"', 'name = "../etc"', "2 suite.name invalid-name"),
    ('name = "good"', 'name = "x\\u001b[2J"', "2 suite.name control-character"),
    ('name = "good"', 'name = "good"\ntitle = "a\\nb"', "3 suite.title control-character"),
    ("seed = 1", "seed = -1", "3 suite.seed out-of-range"),
    ("seed = 1", "seed = 0x" + "f" * 4000, "3 suite.seed out-of-range"),
    ("seed = 1", "seed = 2001-01-01", "3 suite.seed wrong-type"),
    ("seed = 1", "steps = 100", "3 suite.steps misplaced-key"),
    ("seed = 1", 'plugins = ["a.py"]', "3 suite.plugins misplaced-key"),
    ("[problems]", "[prblems]", "- problems missing-section", "5 prblems unknown-section"),
    ("[problems]", "[[problems]]", "5 problems wrong-brackets"),
    ('"sphere"', '"shpere"', "6 problems.dataset.use unknown-name"),
    ('{ use = "sphere", labels = "gaussian" }', '"shpere"', "6 problems.dataset unknown-name"),
    ('labels = "gaussian"', 'labels = "normal"', "6 problems.dataset.labels unknown-value"),
    ('labels = "gaussian"', "lables = 1", "6 problems.dataset.lables unknown-option"),
    ('{ use = "sphere", labels = "gaussian" }', "3", "6 problems.dataset wrong-type"),
    ('{ use = "sphere", labels = "gaussian" }', "{}", "6 problems.dataset.use missing"),
    ('labels = "gaussian"', "outputs = 2", "17 regimes[0] not-accepted", "20 regimes[1] not-accepted"),
    ('labels = "gaussian" }', 'labels = "classes" }\nheld_out = 9.5', "7 problems.held_out wrong-type", "18 regimes[0] not-accepted", "21 regimes[1] not-accepted"),
    ('activation = "relu"', 'criterion = "logistic"', "22 regimes[1].criterion not-accepted"),
    ('{ use = "sphere", labels = "gaussian" }', "'circle'\nheld_out = 9", "7 problems.held_out not-accepted"),
    ("n = [40, 80]", "n = 0.5", "7 problems.n wrong-type"),
    ("n = [40, 80]", "n = []", "7 problems.n wrong-length"),
    ("n = [40, 80]", "n = [40, -80]", "7 problems.n[1] out-of-range"),
    ("n = [40, 80]", "n = [40, true]", "7 problems.n[1] wrong-type"),
    ("n = [40, 80]", "n = [40,\n80,\n40]", "7 problems.n given-twice"),
    ("n = [40, 80]", "n = [40,\n80,\n'40']", "9 problems.n[2] wrong-type"),
    ("d = 20", 'd = "20"', "8 problems.d wrong-type"),
    ("d = 20", "d = { from = 9, to = 2 }", "8 problems.d empty-range"),
    ("d = 20", "d = { to = 2 }", "8 problems.d.from missing"),
    ("d = 20", "d = { from = 1, to = 1000000 }", "8 problems.d wrong-length"),
    ("d = 20", "d = 20\nresample = 1", "9 problems.resample wrong-type"),
    ("steps = 10_000", "steps = 1e4", "11 budget.steps wrong-type"),
    ("steps = 10_000", "steps = 0", "11 budget.steps out-of-range"),
    ("steps = 10_000", "step = 10", "10 budget.steps missing", "11 budget.step unknown-option"),
    ("steps = 10_000", "", "10 budget.steps missing"),
    ("[1e-1, 1e-2]", "[1e-2, 1e-1]", "12 budget.tolerances not-decreasing"),
    ("[1e-1, 1e-2]", "[1e-1, 0.0]", "12 budget.tolerances[1] out-of-range"),
    ("[1e-1, 1e-2]", "[nan]", "12 budget.tolerances[0] not-finite"),
    ("[1e-1, 1e-2]", "[1e-1, 1e-3]", "10 budget.report_tolerance tolerance-not-recorded"),
    ("[1e-1, 1e-2]", "[1e-1]\nreport_tolerance = 0.2", "13 budget.report_tolerance tolerance-not-recorded"),
    ("steps = 10_000", 'steps = 9\ndtype = "float16"', "12 budget.dtype unknown-value"),
    ("steps = 10_000", 'steps = 9\ndevice = "gpu"', "12 budget.device unknown-value"),
    ('"adaptive"', '"adaptiv"', "15 search.method unknown-value"),
    ('"adaptive"', '"adaptive"\nwidths = [2, 4]', "16 search.widths other-method"),
    ('"adaptive"', '"adaptive"\nwidths = 12', "16 search.widths other-method"),
    ('"adaptive"', '"adaptive"\nprecision = 0.9', "16 search.precision out-of-range"),
    ('"adaptive"', '"adaptive"\ntrails = 9', "16 search.trails unknown-option"),
    ('"adaptive"', '"grid"\ntrials = 3', "14 search refused"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = []', "17 search.widths wrong-length"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = [8, 8]', "17 search.widths given-twice"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = [8]\nprecision = 2', "18 search.precision other-method"),
    ("[[regimes]]", "[[regime]]", "- regimes missing-section", "17 regime unknown-section"),
    ('[[regimes]]\nuse = "moderate"\n\n[[regimes]]', "[regimes]", "17 regimes wrong-brackets"),
    ('use = "moderate"\nactivation', 'use = "moderat"\nactivation', "21 regimes[1].use unknown-name"),
    ('"relu"', '"rellu"', "22 regimes[1].activation unknown-name"),
    ("activation =", "actvation =", "22 regimes[1].actvation unknown-option"),
    ('activation = "relu"', "name = 'm'\n[[regimes]]\nuse = 'moderate'\nname = 'm'", "25 regimes[2].name given-twice"),
    ('activation = "relu"', "name = ' m'\n[[regimes]]\nuse = 'moderate'\nname = 'm'", "22 regimes[1].name surrounding-blanks", "25 regimes[2].name given-twice"),
    ('activation = "relu"', "name = 'm  é'\n[[regimes]]\nuse = 'moderate'\nname = 'm e\u0301'", "25 regimes[2].name given-twice"),
    ('activation = "relu"', 'model = "shalow"', "22 regimes[1].model.use unknown-name"),
    ('activation = "relu"', "model = 3", "22 regimes[1].model wrong-type"),
    ('activation = "relu"', "optimizer = { c = -1 }", "22 regimes[1].optimizer.c out-of-range"),
    ('activation = "relu"', "c = 2\noptimizer = { c = 1 }", "22 regimes[1].c given-twice"),
    ('activation = "relu"', 'step_size = "fast"', "22 regimes[1].step_size unknown-value"),
    ('activation = "relu"', 'step_size = "theory"\ntheory = ""', "22 regimes[1].step_size needs-theory"),
    ('activation = "relu"', 'step_size = "theory"\ntheory = "count-all"', "22 regimes[1].step_size needs-theory"),
    ('activation = "relu"', 'theory = "os-smoth"', "22 regimes[1].theory unknown-name"),
    ('use = "moderate"\nactivation = "relu"', 'model = "shallow"', "20 regimes[1] missing"),
    ('use = "moderate"\nactivation', "use = 3\nactivation", "21 regimes[1].use wrong-type"),
    ('activation = "relu"', 'name = " "', "22 regimes[1].name empty-name"),
    ('activation = "relu"', 'initializer = "module-default"', "22 regimes[1].initializer not-accepted"),
    ('activation = "relu"', 'solver = "spectral"', "22 regimes[1].solver not-accepted"),
    ('activation = "relu"', 'activation = {}', "22 regimes[1].activation.use missing"),
    ('activation = "relu"', 'optimizer = "projected"', "22 regimes[1].optimizer not-accepted"),
    ('activation = "relu"', "model = 'infinite-width'\noptimizer = 'momentum'", "22 regimes[1].model not-accepted"),
    ('activation = "relu"', "name = '" + "m" * 81 + "'", "22 regimes[1].name too-long"),
    ("[suite]", 'plugins = "a.py"\n[suite]', "1 plugins wrong-type"),
    ("[suite]", "plugins = [\n1]\n[suite]", "2 plugins[0] wrong-type"),
    ("[suite]", "steps = 3\n[suite]", "1 steps misplaced-key"),
    ("seed = 1", "seed = " + "[" * 12 + "]" * 12, "3 suite.seed[0][0][0][0][0][0] too-deep"),
    ('method = "adaptive"', 'method = "adaptiv"\nmaxwidth = 8\nprecision = 0.5', "15 search.method unknown-value", "16 search.maxwidth unknown-option", "17 search.precision out-of-range"),
    ("[suite]", 'requires = ["harness-of-nobody"]\n[suite]', "1 requires[0] missing-package"),
    ("seed = 1", 'requires = ["numpy"]', "3 suite.requires misplaced-key"),
    ("[suite]", 'plugins = ["gone.py"]\n[suite]', "1 plugins[0] plugin-not-loaded"),
]  # fmt: skip

GRID = 'method = "grid"\ntrials = 2\nwidths = [3, 4, 5]'
MIRRORED = 'initializer = { use = "mirrored-lecun" }'

# Several changes at once: every fault is reported, in the order of the file, also below a misspelled section.
SEVERAL = [
    (
        {"d = 20": "d = 0", '"relu"': '"rellu"', '"adaptive"': '"random"', "[suite]": "[extra]\n[suite]"},
        ["1 extra unknown-section", "9 problems.d out-of-range", "16 search.method unknown-value", "23 regimes[1].activation unknown-name"],
    ),
    (
        {"[budget]": "[budgt]", "steps = 10_000": "steps = -1\nreport_tolerance = 0.05", "[search]": "[serch]", '"adaptive"': '"adaptve"', "[[regimes]]": "[[regime]]", '"sphere"': '"spher"'},
        ["- budget missing-section", "- regimes missing-section", "6 problems.dataset.use unknown-name", "10 budgt unknown-section", "11 budgt.steps out-of-range", "12 budgt.report_tolerance tolerance-not-recorded", "15 serch unknown-section", "16 serch.method unknown-value", "18 regime unknown-section"],
    ),
    ({'method = "adaptive"': "max_width = 1", 'activation = "relu"': MIRRORED}, ["15 search.max_width width-not-multiple"]),
    ({'method = "adaptive"': GRID, 'activation = "relu"': MIRRORED}, ["17 search.widths width-not-multiple"]),
]  # fmt: skip

FILES = [
    (b"", "- - empty-file"),
    (b"# nothing yet\n", "- - empty-file"),
    (b"[suite]\nname = '\xff'", "2 - not-text"),
    (b"x" * 1_000_001, "- - too-large"),
    (b"[suite", "1 - not-toml"),
    (b"a = " + b"[" * 5000, "- - not-toml"),
    (b"a = " + b"9" * 9000, "- - not-toml"),
    (b"plugins = ['/nowhere/else.py']\n" + GOOD.encode(), "1 plugins plugin-not-trusted"),
]

PATHS = [(".", "unreadable"), ("nope.toml", "no-such-file"), ("quikstart", "no-such-file"), ("a\0b", "no-such-file")]

REQUIRED = [
    (["numpy"], ""),
    (["numpy>=1.0", 'harness-of-nobody>=2; python_version < "3"'], ""),
    (["harness-of-nobody>=0.2"], "- requires[0] missing-package"),
    (["numpy", "numpy>=99"], "- requires[1] other-package-version"),
    (["harness foo"], "- requires[0] invalid-requirement"),
    ([3], "- requires[0] wrong-type"),
    ("numpy", "- requires wrong-type"),
]

SPECS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("model", {"use": "cosine", "alhpa": 2}, ["- alhpa unknown-option"]),
    ("model", {"use": "cosine", "alpha": -1}, ["- alpha out-of-range"]),
    ("model", {"use": "cosine", "alpha": "2"}, ["- alpha wrong-type"]),
    ("model", {"use": "cosine", "alpha": True}, ["- alpha wrong-type"]),
    ("model", {"use": "cosine", "alpha": float("nan")}, ["- alpha not-finite"]),
    ("model", {"use": "cosine", "alpha": float("inf")}, ["- alpha not-finite"]),
    ("model", {"use": "cosine", "phase": "evn"}, ["- phase unknown-value"]),
    ("model", {"use": "cosin"}, ["- use unknown-name"]),
    ("model", {"alpha": 1.0}, ["- use missing"]),
    ("model", {"use": 3}, ["- use wrong-type"]),
    ("model", {"use": "cosine", "version": 2}, ["- version other-version"]),
    ("optimizer", {"use": "gd", "step_size": "stabel"}, ["- step_size unknown-value"]),
    ("optimizer", {"use": "gd", "step_size": -0.5}, ["- step_size out-of-range"]),
    ("optimizer", {"use": "gd", "step_size": True}, ["- step_size wrong-type"]),
    ("optimizer", {"use": "gd", "step_size": [1]}, ["- step_size wrong-type"]),
    ("optimizer", {"use": "sgd", "batch": 2.0, "c": 0, "beta": 1, "step_size": "x"}, ["- batch wrong-type", "- beta unknown-option", "- c out-of-range", "- step_size unknown-value"]),
    ("initializer", {"use": "wide"}, ["- use ambiguous-name"]),
    ("initializer", {"use": "first:wide", "c": 3.0}, ["- - refused"]),
    ("regime", {"use": "moderate", "initializer": "first:wide", "c": 2.0}, ["- c ambiguous-option"]),
    ("regime", {"use": "moderate", "optimizer": {"version": 7}}, ["- optimizer.version other-version"]),
    ("regime", {"use": "moderate", "diagnostics": "cosine"}, ["- diagnostics wrong-type"]),
    ("regime", {"use": "moderate", "diagnostics": [3]}, ["- diagnostics[0] wrong-type"]),
]  # fmt: skip

PLUGIN = """\
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from harness import hookimpl, Positive
from harness.builtin.initializers import LeCun
@dataclass(frozen=True)
class Wide(LeCun):
    name: ClassVar[str] = "wide"
    c: Positive = 1.0
    def __post_init__(self):
        if self.c > 2:
            raise ValueError(f"c = {self.c:g} is above 2")
@hookimpl
def harness_initializers():
    return [Wide]
"""


def found(complaints: tuple[Complaint, ...] | list[Complaint]) -> list[str]:
    return [f"{c.line or '-'} {c.place or '-'} {c.code}" for c in complaints]


def changed(changes: dict[str, str]) -> str:
    text = GOOD
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def refused(call: Callable[..., object], *arguments: Any, **options: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        call(*arguments, **options)
    assert all(c.isprintable() or c == "\n" for c in str(caught.value))
    return caught.value


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The plugins, and two that provide initializers of one name."""
    folder = tmp_path_factory.mktemp("rivals")
    return load_plugins(
        [write(folder, PLUGIN, f"{name}.py") for name in ("first", "second")] + [EXAMPLE], entry_points=OWN
    )


CASES = [({old: new}, expected) for old, new, *expected in MALFORMED] + SEVERAL


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_a_malformed_suite_gives_these_complaints_and_no_other(changes: dict[str, str], expected: list[str]) -> None:
    assert found(refused(parse, changed(changes)).complaints) == expected


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("content", "expected"), FILES)
def test_files_that_are_no_suites(tmp_path: Path, content: bytes, expected: str) -> None:
    error = refused(load_suite, write(tmp_path, content))
    assert found(error.complaints) == [expected]
    assert "suite.toml" in str(error)


@pytest.mark.parametrize(("path", "code"), PATHS)
def test_paths_that_are_no_files(path: str, code: str) -> None:
    assert found(refused(load_suite, path).complaints) == [f"- - {code}"]


@pytest.mark.parametrize(("listed", "expected"), REQUIRED)
def test_packages_that_suites_require(listed: object, expected: str) -> None:
    assert found(missing_packages(listed)) == ([expected] if expected else [])


def make(kind: Any, spec: dict[str, Any], registry: Registry) -> object:
    return build_regime(spec, registry) if kind == "regime" else component_from(registry, kind, spec)


@pytest.mark.parametrize(("kind", "spec", "expected"), SPECS)
def test_specs_that_no_component_has(kind: str, spec: dict[str, Any], expected: list[str], rivals: Registry) -> None:
    assert sorted(found(refused(make, kind, spec, rivals).complaints)) == expected


@pytest.mark.usefixtures("installed")
def test_a_broken_plugin_matters_where_it_is_needed(tmp_path: Path) -> None:
    broken = write(tmp_path, "1/0", "broken.py")
    suite, registry = load_suite(write(tmp_path, GOOD), plugin_files=[broken])
    assert suite.name == "good"
    assert [p.name for p in registry.broken] == ["broken"]
    needed = write(tmp_path, 'plugins = ["broken.py", "gone.py"]\n' + GOOD)
    error = refused(load_suite, needed, trust_plugins=True)
    assert found(error.complaints) == ["1 plugins[0] plugin-not-loaded", "1 plugins[1] plugin-not-loaded"]
    assert "ZeroDivisionError" in error.complaints[0].message
    unknown = write(tmp_path, GOOD.replace('"sphere"', '"spheroid-x"'))
    error = refused(load_suite, unknown, plugin_files=[broken])
    assert found(error.complaints) == ["6 problems.dataset.use unknown-name"]
    assert "broken: ZeroDivisionError" in error.complaints[0].message, "the name may be that plugin's"
    error = refused(load_suite, write(tmp_path, GOOD), block=["moderate"])
    assert {c.code for c in error.complaints} == {"unknown-name"}
    assert "moderate is blocked" in error.complaints[0].message


LONG = "y" * 500_000
ENDLESS = [
    ("seed = 1", f"{LONG} = 1"),
    ("seed = 1", f"x = {{ {LONG} = 1, {LONG} = 2 }}"),
    ("[suite]", f"[{LONG}]\n[suite]"),
    ("[suite]", f"requires = ['numpy>=99{' ' * 9000}']\n[suite]"),
    ("d = 20", "d = [" + "-1, " * 300 + "]"),
    ('"relu"', f'"{LONG}"'),
    ('activation = "relu"', f'name = "{LONG}"'),
]


@pytest.mark.parametrize(("old", "new"), ENDLESS, ids=range(len(ENDLESS)))
def test_complaints_are_short_however_long_the_values_are(old: str, new: str) -> None:
    text = str(refused(parse, changed({old: new})))
    assert max(map(len, text.splitlines())) < 400
    assert len(text.splitlines()) <= 52


def test_the_rest_of_many_complaints_is_counted() -> None:
    error = refused(parse, changed({"d = 20": "d = [" + "-1, " * 300 + "]"}))
    assert len(error.complaints) == 300
    assert str(error).splitlines()[-1].strip() == "and 250 more"


def lines_run(call: Callable[[], object]) -> int:
    """Return the number of lines of Python that a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, value: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(("old", "head", "entry"), [("d = 20", "d", "-1"), ("[suite]", "plugins", "'{}.py'")])
def test_twice_as_many_faults_take_twice_the_work(old: str, head: str, entry: str) -> None:
    registry = Registry(tuple(Plugin(f"{i}", "", "", f"/{i}.py", is_file=True) for i in range(400)))

    def work(count: int) -> int:
        listed = f"{head} = [{','.join(entry.format(i) for i in range(count))}]\n" + old * (old == "[suite]")
        return lines_run(lambda: refused(parse_suite, changed({old: listed}), registry))

    alone, once, twice = work(0), work(200), work(400)
    assert twice - alone < 2.2 * (once - alone)


# --- wording --------------------------------------------------------------------------------------


def worded(title: str, complaints: tuple[Complaint, ...] | list[Complaint]) -> str:
    return "\n".join([title, *(f"    {c.code}: {brief(str(c))}" for c in complaints)])


def brief(text: str) -> str:
    """Cut what differs between versions and machines: errors of tomli, long lists of names, folders."""
    text = re.sub(r"is not TOML: .*?( \(column \d+\))?$", r"is not TOML: …\1", text)
    text = text.replace(f"numpy is {metadata.version('numpy')}", "numpy is …")
    item = r"(?:'[^']*'|[\w-]+(?: \(\w+\))?)"
    text = re.sub(rf"({item}(?:, {item}){{3}})(?:, {item})+(?: or {item})?", r"\1, …", text)
    return re.sub(r"\(/[^()]*/(\w+\.py)\)", r"(…/\1)", text)


def every_complaint(folder: Path, rivals: Registry) -> Iterator[str]:
    for changes, _ in CASES:
        title = "; ".join(f"{old!r} -> {new!r}" for old, new in changes.items())
        yield worded(title if len(title) < 200 else title[:80] + "…", refused(parse, changed(changes)).complaints)
    for content, _ in FILES:
        yield worded(f"{content[:40]!r}", refused(load_suite, write(folder, content)).complaints)
    for path, _ in PATHS:
        yield worded(f"load_suite({path!r})", refused(load_suite, path).complaints)
    for listed, expected in REQUIRED:
        if expected:
            yield worded(f"requires = {listed!r}", missing_packages(listed))
    for kind, spec, _ in SPECS:
        yield worded(f"{kind} {spec}", refused(make, kind, spec, rivals).complaints)
    untyped = dataclasses.make_dataclass("Untyped", [("x", "Elsewhere", 1)])
    yield worded("x: Elsewhere = 1", refused(configure, untyped, {}).complaints)


@pytest.mark.usefixtures("installed")
def test_complaints_are_worded_as_they_were(tmp_path: Path, rivals: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(every_complaint(tmp_path, rivals)) + "\n"
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8", newline="")
    assert text == GOLDEN.read_bytes().decode(), f"{GOLDEN} differs; see the head of this file"


def test_every_code_is_documented_and_shown() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8"), re.M)
    assert documented == sorted(get_args(Code))
    shown = set(re.findall(r"^    ([a-z-]+): ", GOLDEN.read_text(encoding="utf-8"), re.M))
    assert shown == set(get_args(Code))
