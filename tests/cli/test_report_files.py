"""What ``harness report`` draws and writes, from a stored run."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import command as main
from harness.components import Outcome
from harness.driver.provenance import provenance
from harness.driver.threshold_searches import threshold_searches
from harness.plugin_host.registry import Registry
from harness.report.figures.catalogue import Catalogue
from harness.store import Store
from harness.suite import parse_suite

SUITE = """
[suite]
name = "stored"
seed = 1
[problems]
dataset = "sphere"
n = {n}
d = {d}
[budget]
steps = 9000
spectrum = false
device = "cpu"
[search]
method = "grid"
widths = {{ from = 2, to = {widest}, step = 2 }}
trials = {trials}
[[regimes]]
use = "moderate"
[[regimes]]
use = "moderate"
name = "relu <b>"
activation = "relu"
"""


def store(directory: Path, registry: Registry, *, n: list[int], d: list[int], widest: int, trials: int) -> int:
    """Store a finished run whose trials fit from kd = 1.3 n on; return the number of trials."""
    suite = parse_suite(SUITE.format(n=n, d=d, widest=widest, trials=trials), registry)
    curve = tuple(round(0.8**i, 4) for i in range(13))
    count = 0
    with Store(directory, exclusive=True) as made:
        made.began(suite.text, provenance(suite, registry, "cpu"))
        for search in threshold_searches(suite, registry, "cpu"):
            for k in range(2, widest + 1, 2):
                outcomes = []
                for seed in range(trials):
                    fit = k * search.d + seed % 5 >= 1.3 * search.n
                    hits = (300, 1000, 4000, None) if fit else (500, None, None, None)
                    outcomes.append(
                        Outcome(
                            seed,
                            hits,
                            steps=9000,
                            measure=2e-3 if fit else 3e-2,
                            falling=not fit and seed % 3 == 0,
                            movement=1.0 + seed / 7,
                            step_size=0.123456789,
                            rate=0.9987654321,
                            curve=curve,
                            solver="fused",
                            device="cpu",
                            seconds=0.01,
                        )
                    )
                made.put(search.key, search.data, search.cell(k), outcomes)
                count += trials
    return count


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    directory = tmp_path_factory.mktemp("stored")
    store(directory, registry, n=[20, 40], d=[5, 10], widest=12, trials=6)
    return directory


def report(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments])


def test_the_page_is_written_beside_the_results(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.page.catalogue", lambda *_: Catalogue((), ()))  # figures take seconds
    done = report(str(run), "--html")
    assert done.exit_code == 0, done.output
    text = (run / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "relu &lt;b&gt;" in text


def test_files_are_written_where_one_says_and_what_is_left_out_is_said(run: Path, tmp_path: Path) -> None:
    page, figures = tmp_path / "new" / "page.html", tmp_path / "f"
    done = report(str(run), "--html", str(page), "--figures", str(figures), "--figure-format", "svg")
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert len(text) > 50_000
    assert "relu &lt;b&gt;" in text
    assert "<b>" not in text
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]
    names = {path.name for path in figures.iterdir()}
    assert {"scaling-n.svg", "transitions.svg", "curves.svg", "laziness.svg", "sensitivity.svg"} <= names
    assert {path.suffix for path in figures.iterdir()} == {".svg"}
    assert "left out: phase: fewer than 3 values" in done.stderr
    assert {Path(line) for line in done.stdout.splitlines()} == set(figures.iterdir())


def test_drawings_for_the_terminal(run: Path) -> None:
    done = report(str(run), "--plot")
    assert done.exit_code == 0, done.output
    assert "P(fit) over k at d = 10" in done.output
    assert max(map(len, done.output.splitlines())) <= 100


@pytest.mark.parametrize("form", ["latex", "html"])
def test_papers_and_pages_get_every_regime_in_one_table(run: Path, form: str) -> None:
    done = report(str(run), "--view", "theories", "--format", form)
    assert done.exit_code == 0, done.output
    assert done.output.count(r"\caption{" if form == "latex" else "<caption") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--plot", "--tolerance", "0.1"), "leave out --tolerance"),
        (("--html", "--format", "json"), "leave out --format"),
        (("--html", "--bibtex", "x.bib"), "leave out --bibtex"),
        (("--figures", "x", "--figure-format", "bmp"), "bmp"),
        (("--html", "."), "is a directory"),
        (("--figures", "/proc/none/x"), "/proc/none/x"),
        (("--html", "/proc/none/x.html"), "/proc/none/x.html"),
    ],
)
def test_wrong_input_is_said_without_a_traceback(run: Path, arguments: tuple[str, ...], said: str) -> None:
    if arguments == ("--html", "."):
        arguments = ("--html", str(run))
    done = report(str(run), *arguments)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.replace("│", " ").split())


@pytest.mark.slow
def test_a_hundred_thousand_trials_are_read_in_seconds(tmp_path: Path, registry: Registry) -> None:
    sizes = {"n": [50, 100, 200, 400], "d": list(range(5, 51, 5))}
    count = store(tmp_path, registry, **sizes, widest=50, trials=50)
    assert count == 100_000
    begin = time.process_time()
    with sqlite3.connect(tmp_path / "results.sqlite") as db:
        for (record,) in db.execute("SELECT record FROM outcomes"):
            json.loads(record)
    bare = time.process_time() - begin
    code = (
        "import resource, sys\nfrom harness.cli import command\n"
        f"command(['report', {str(tmp_path)!r}], standalone_mode=False)\n"
        "use = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(use.ru_utime + use.ru_stime, use.ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    seconds, kilobytes = map(float, done.stderr.split()[-2:])
    # Reading the records as JSON takes most of a second, the whole report 3 to 4.
    assert seconds < 12 * bare
    assert kilobytes < 500_000


def test_a_file_that_is_no_page_is_not_written_over(run: Path) -> None:
    database = run / "results.sqlite"
    before = database.read_bytes()
    done = report(str(run), "--html", str(database))
    assert done.exit_code == 2
    assert "is no page of the harness" in " ".join(done.output.replace("│", " ").split())
    assert database.read_bytes() == before
    done = report(str(run), "--figure-format", "png")
    assert done.exit_code == 2
    assert "add --figures" in done.output


FULL = """
import resource, sys
from harness.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, resource.RLIM_INFINITY))
sys.argv = ["harness", *sys.argv[1:]]
main()
"""
"""No file may be longer than the shortest figure."""


def test_figures_that_do_not_fit_on_the_disk_leave_those_that_were_there(run: Path, tmp_path: Path) -> None:
    figures = [str(run), "--figures", str(tmp_path), "--figure-format", "svg"]
    before = {f"{name}.svg": name.encode() for name in ("scaling-n", "collapse", "transitions")}  # its first figures
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", FULL, "report", *figures], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "File too large" in " ".join(done.stderr.split())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
