"""Suites, results and names from strangers: no code is run, nothing steers the terminal, nothing huge is allocated."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.components import Outcome
from harness.driver.loading import load_results
from harness.driver.provenance import provenance
from harness.driver.results import Results
from harness.driver.run import Run
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.plugin_host.trust import stranger
from harness.store import FILE, Store, StoreError
from harness.suite import SuiteError, load_suite, parse_suite
from harness.suite.sizes import memory, too_large, trial_bytes
from tests.driver.tiny_suite import ONE_REGIME as SUITE

ESCAPES = ("\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\r", "\x08", "\u2066")
MARKUP = "[bold red]x[/bold red] [/nonsense] [link=http://x]y"


def steering(text: str) -> list[str]:
    """Return what would move a cursor, change colours or directions."""
    return [mark for mark in ESCAPES if mark in text]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite with a plugin file, in a folder beside the current one."""
    foreign, here = tmp_path / "foreign", tmp_path / "here"
    foreign.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (foreign / "code.py").write_text(
        f"from pathlib import Path; Path({str(tmp_path / 'ran')!r}).touch()\nfrom harness import hookimpl\n"
        "@hookimpl\ndef harness_models(): return []\n"
    )
    (foreign / "suite.toml").write_text('plugins = ["code.py"]\n' + SUITE, encoding="utf-8")
    return foreign


def test_a_foreign_suite_runs_no_code_unless_it_is_trusted(elsewhere: Path) -> None:
    ran = elsewhere.parent / "ran"
    for arguments in (["run"], ["plan"], ["plan", "--explain"], ["trial", "--regime", "softplus", "--k", "3"]):
        done = CliRunner().invoke(main, [*arguments, str(elsewhere / "suite.toml")])
        assert done.exit_code == 2
        assert "line 1" in done.stderr
        assert "is code outside of the current directory" in " ".join(done.stderr.replace("│", " ").split())
        assert "--trust-plugins" in done.stderr
    assert not ran.exists()
    assert not list(Path.cwd().iterdir())
    done = CliRunner().invoke(main, ["plan", str(elsewhere / "suite.toml"), "--explain", "--trust-plugins"])
    assert done.exit_code == 0, done.stderr
    assert ran.exists()


def test_a_plugin_that_was_named_by_hand_is_trusted(elsewhere: Path) -> None:
    suite, _ = load_suite(elsewhere / "suite.toml", plugin_files=[elsewhere / "code.py"])
    assert suite.plugin_files == (elsewhere / "code.py",)


def test_links_are_followed_and_owners_looked_at(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, link = Path("own.py"), Path("link.py")
    own.write_text("")
    link.symlink_to(elsewhere / "code.py")
    assert stranger(own) == ""
    assert stranger(Path("gone.py")) == ""
    assert "outside of the current directory" in stranger(link)
    assert "outside of the current directory" in stranger(Path("../foreign/code.py"))
    if hasattr(os, "getuid"):
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        os.chown(own, 1234, -1) if own.stat().st_uid == 0 else None
        assert "of another user" in stranger(own)


def test_results_run_no_code_either(elsewhere: Path, registry: Registry) -> None:
    suite = parse_suite(SUITE, registry)
    with Store(elsewhere) as store:
        origin = {**provenance(suite, registry, "cpu"), "plugin_files": [str(elsewhere / "code.py")]}
        store.began(suite.text, origin)
    with pytest.raises(StoreError, match=r"was made with a plugin.*code\.py.*--trust-plugins"):
        load_results(elsewhere)
    done = CliRunner().invoke(main, ["report", str(elsewhere)])
    assert done.exit_code == 2
    assert not (elsewhere.parent / "ran").exists()
    assert load_results(elsewhere, trust_plugins=True).missing > 0
    assert (elsewhere.parent / "ran").exists()


@pytest.mark.parametrize("escape", ESCAPES)
def test_escapes_in_a_suite_are_refused_and_not_repeated(escape: str, registry: Registry) -> None:
    for place in ('name = "softplus"', 'use = "moderate"', "seed = 3", 'dataset = "sphere"'):
        key, _, value = place.partition(" = ")
        for text in (f"{key} = {json.dumps('x' + escape + 'y')}", f"{json.dumps(key + escape)} = {value}"):
            with pytest.raises(SuiteError) as caught:
                parse_suite(SUITE.replace(place, text), registry)
            assert not steering(str(caught.value))


@pytest.fixture(scope="module")
def marked_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose regime is called by markup and whose errors are full of escapes."""
    registry = load_plugins()
    folder = tmp_path_factory.mktemp("markup")
    text = SUITE.replace('name = "softplus"', f"name = {json.dumps(MARKUP)}").replace("n = [12, 16, 20]", "n = 12")
    text = text.replace("[suite]", f"[suite]\ntitle = {json.dumps(MARKUP)}")
    suite = parse_suite(text, registry)
    with Store(folder) as store:
        run = Run(suite, registry, store, "cpu")
        run.begin()
        (search,) = run.plan.searches
        for k, seed in list(search.waiting):
            failed = Outcome(seed, (None, None), 0, 1.0, message=MARKUP + "".join(ESCAPES), solver="\x1b[2Jfused")
            store.put(search.key, search.data, search.cell(k), [failed])
    (folder / "suite.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("form", ["rich", "markdown", "csv", "json"])
def test_markup_is_printed_and_escapes_are_not(form: str, marked_up: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(marked_up), "--format", form])
    assert done.exit_code == 0, done.output
    assert not steering(done.output)
    assert "nonsense" in done.output


def test_the_summary_and_the_progress_print_them_neither(
    marked_up: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    from harness.report.progress import _display, _Lines, estimates
    from harness.report.summary import print_summary, write_reports

    results = load_results(marked_up, registry=registry)
    assert len(results.errors()) > 0
    print_summary(results, write_reports(results, marked_up), trained=1, reused=0)
    with Store(marked_up) as store:
        run = Run(results.suite, registry, store, "cpu")
        from rich.progress import Progress

        console = Console(width=200, force_terminal=False)
        console.print(_display(Progress(console=console), run))
        _Lines(console)(run)
        assert estimates(run)
    said = capsys.readouterr().out
    assert not steering(said)
    assert MARKUP[:20] in said
    assert "to see it: harness trial" in said


def test_the_command_that_repeats_an_error_is_quoted(marked_up: Path, registry: Registry) -> None:
    import shlex

    results: Results = load_results(marked_up, registry=registry)
    cell, outcome = results.errors()[0]
    words = shlex.split(results.repeat(cell, outcome))
    assert words[:2] == ["harness", "trial"]
    assert words[words.index("--regime") + 1] == MARKUP


def test_messages_about_paths_with_escapes_are_clean(tmp_path: Path) -> None:
    for arguments in (["run", "no\x1b[2Jsuite.toml"], ["plan", "\x9b31m"], ["report", "no\x1b[2Jrun"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2
        assert not steering(done.stderr)
    done = CliRunner().invoke(main, ["plan", "quickstart", "--plugin", "\x1b[2J.py"])
    assert not steering(done.stderr)


def test_json_spells_out_what_would_steer_a_terminal() -> None:
    from harness.report.json_text import dumps

    text = dumps({"a": "".join(ESCAPES) + "é\U000e0001"})
    assert not steering(text)
    assert json.loads(text) == {"a": "".join(ESCAPES) + "é\U000e0001"}
    assert "é" in text


@pytest.mark.parametrize(
    ("change", "available", "words"),
    [
        (("n = [12, 16, 20]", "n = 4_000"), 1e8, "n = 4000, d = 5 needs at least 122 MiB"),  # J₀J₀ᵀ is formed
        (("n = [12, 16, 20]", "n = 1_000_000"), 1e7, "n = 1000000, d = 5 needs at least 84 MiB"),
        (("d = 5", "d = 1_000_000"), 1e8, "d = 1000000"),
        (("trials = 60", 'method = "grid"\nwidths = [3]\ntrials = 9_000_000_000_000'), 16e9, "27000000000000 trials"),
        (("trials = 60", 'method = "grid"\nwidths = [1_000_000]\ntrials = 1'), 1e8, "k = 1000000"),
        (("n = [12, 16, 20]", "n = { from = 1, to = 10_000 }"), 16e9, "thresholds are asked for"),
    ],
)
def test_sizes_are_compared_with_the_memory_first(
    change: tuple[str, str], available: float, words: str, registry: Registry
) -> None:
    text = SUITE.replace(*change)
    if "thresholds" in words:
        text = text.replace("d = 5", "d = { from = 1, to = 10_000 }")
    (said,) = too_large(parse_suite(text, registry), available=available)
    assert words in said


def test_what_fits_is_let_through(registry: Registry) -> None:
    assert too_large(parse_suite(SUITE, registry)) == []
    assert trial_bytes(20, 5, 4096) < 1e6
    assert memory() > 1e6


def test_a_suite_that_is_too_large_ends_at_once(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text(SUITE.replace("n = [12, 16, 20]", "n = 1_000_000").replace("d = 5", "d = 1_000_000"))
    done = CliRunner().invoke(main, ["run", str(file)])
    assert done.exit_code == 2
    assert "is too large" in done.stderr


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    import numpy as np

    from harness.builtin.datasets.npz_file import read_npz
    from harness.builtin.datasets.table_file import TableError

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    np.savez(tmp_path / "x.npz", x=np.array([[Bomb()]], dtype=object), y=np.zeros(1))
    with pytest.raises(TableError, match="not numbers"):
        read_npz(tmp_path / "x.npz", "x.npz", "x", "y", 1 << 20)
    assert not (tmp_path / "ran").exists()
    root = Path(__file__).parent.parent / "harness"
    loads = [
        path
        for path in root.rglob("*.py")
        if "allow_pickle=True" in path.read_text() or "import pickle" in path.read_text()
    ]
    # Pipes between our own processes, which run plugins that those at the other end have loaded too: no file and no
    # network. The driver hands what the pooled executor's processes carry on, unread.
    assert set(loads) == {
        root / "plugin_host" / "plugin_process.py",
        root / "plugin_host" / "plugin_server.py",
        root / "executors" / "staged.py",
    }


def test_a_text_of_unreasonable_length_is_not_read(tmp_path: Path, registry: Registry) -> None:
    suite = parse_suite(SUITE, registry)
    with Store(tmp_path) as store:
        store.began(suite.text, provenance(suite, registry, "cpu"))
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("UPDATE runs SET suite = printf('%.*c', 50000000, 'x')")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="too big"):
        load_results(tmp_path, registry=registry)
