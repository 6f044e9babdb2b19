"""Untrusted data of every kind: each case ends in a record or in our own error, and writes nothing anywhere else.

In the normal suite a few hundred cases; ``pytest -m slow tests/test_fuzz.py`` runs 100 000.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.builtin.datasets.csv_file import read_csv
from harness.builtin.datasets.npz_file import read_npz
from harness.builtin.datasets.table_file import TableError
from harness.complaints import unprintable
from harness.components import Cell, Outcome
from harness.components.outcome_record import decode
from harness.driver.loading import load_results
from harness.driver.run import Run
from harness.driver.threshold_searches import RegimeError
from harness.exchange.archive import MANIFEST, ArchiveError
from harness.exchange.archive import SUITE as SUITE_MEMBER
from harness.exchange.archive_reader import unpacked
from harness.plugin_host.loading import load_plugins
from harness.store import FILE, Store, StoreError
from harness.store.checksum import SEALED, seal
from harness.store.run_record import provenance_of
from harness.suite import SuiteError, parse_suite
from harness.suite.sizes import too_large
from tests.driver.tiny_suite import SUITE

REGISTRY = load_plugins()
FRAGMENTS = (
    *('"', "'", "'''", "[", "]", "[[", "{", "}", "=", ".", ",", "#", "\n", "\0", "\x1b[2J", "\u202e", "\ufeff", "é"),
    *(
        "-1",
        "0",
        "1e999",
        "-1e-999",
        "nan",
        "inf",
        "9" * 30,
        "9" * 5000,
        "0x7f",
        "1_0",
        "true",
        "1979-05-27",
        "[" * 300,
    ),
    *("n", "d", "use", "name", "steps", "seed", "[budget]", "[[regimes]]", "[search]", "method = 'grid'\nwidths = [3]"),
    *("[bold red]", "[/]", "../../etc/passwd", "softplus", "{ from = 1, to = 1000000 }", "trials = 99999999999999999"),
)


def mutated(text: str) -> st.SearchStrategy[str]:
    """Texts that begin as this one and are cut, doubled and written over."""
    edit = st.tuples(st.floats(0, 1), st.integers(0, 20), st.sampled_from(FRAGMENTS) | st.text(max_size=5))

    def apply(edits: list[tuple[float, int, str]]) -> str:
        result = text
        for place, removed, added in edits:
            at = int(place * len(result))
            result = result[:at] + added + result[at + removed :]
        return result

    return st.lists(edit, min_size=1, max_size=6).map(apply)


def mutated_bytes(content: bytes) -> st.SearchStrategy[bytes]:
    """Files that begin as this one and are cut and written over."""
    edit = st.tuples(st.floats(0, 1), st.binary(max_size=40), st.booleans())

    def apply(given_: tuple[list[tuple[float, bytes, bool]], float]) -> bytes:
        edits, end = given_
        result = bytearray(content)
        for place, added, inserted in edits:
            at = int(place * len(result))
            result[at : at if inserted else at + len(added)] = added
        return bytes(result[: int(end * len(result)) + 1])

    ends = st.just(1.0) | st.just(1.0) | st.floats(0, 1)
    return st.tuples(st.lists(edit, max_size=6), ends).map(apply)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, "nan", "inf", -1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def suite(text: str) -> None:
    """Parse a suite; look at its sizes if it is one."""
    try:
        loaded = parse_suite(text, REGISTRY)
    except SuiteError as error:
        if not error.complaints or unprintable(str(error), allowed="\n"):
            raise RuntimeError("a message that is empty, or steers the terminal") from error
        return
    too_large(loaded, 1e9)


def table(text: str) -> None:
    """Read a CSV file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        for own in (True, False):
            try:
                rows = read_csv(file, "table.csv", "y", own=own)
            except TableError:
                continue
            assert np.isfinite(rows.x).all()


def arrays(content: bytes) -> None:
    """Read an NPZ file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.npz"
        file.write_bytes(content)
        try:
            rows = read_npz(file, "table.npz", "x", "y", 1 << 20)
        except TableError:
            return
        assert np.isfinite(rows.x).all()


def results(content: bytes) -> None:
    """Open a results file, as a reader and as a writer does; it is left alone unless it is in order."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / FILE).write_bytes(content)
        try:
            with Store(directory, create=False) as store:
                for key in store.settings():
                    store.outcomes(key, errors=True)
                store.last_run()
        except StoreError:
            assert (directory / FILE).read_bytes() == content
        try:
            with Store(directory, exclusive=True) as store:
                store.put("key", {}, Cell("r", 1, 1, 1), [Outcome(0, (1,), 1, 0.5)])
        except StoreError:
            pass
        assert {path.name for path in directory.iterdir()} <= {FILE, ".lock", f"{FILE}-journal"}


def record(value: Any) -> None:
    """Decode a record, and the provenance of a run, of arbitrary JSON."""
    for text in (json.dumps(value), value):
        for read in (lambda text=text: decode(3, text, 0.5, 1), lambda text=text: provenance_of(text)):
            try:
                found = read()
            except (ValueError, TypeError, RecursionError, OverflowError):  # which the store turns into its own
                continue
            assert isinstance(found, Outcome | dict)


def near_record(changes: dict[str, Any]) -> None:
    """Decode a record that is one of ours but for some values, and judge the trial."""
    sound = {"hits": [3, None], "steps": 7, "measure": 0.5, "curve": [1.0, "inf"], "diagnostics": {"a": 1.0}}
    try:
        found = decode(3, json.dumps({**sound, **changes}), 0.5, 2)
    except (ValueError, OverflowError):
        return
    assert found.verdict(0) in ("fit", "unfit", "diverged", "error")
    assert found.verdict(1, steps=3) in ("fit", "unfit", "diverged", "error")
    assert sum(found.curve) is not None


def whole_results(given_: tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]) -> None:
    """Read the results of a run directory whose texts somebody has written."""
    changes, origin, text, sections = given_
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / FILE).write_bytes(RESULTS)
        db = sqlite3.connect(directory / FILE)
        (sound,) = db.execute("SELECT provenance FROM runs").fetchone()
        db.execute("UPDATE runs SET provenance = ?, suite = ?", (json.dumps({**json.loads(sound), **origin}), text))
        (whole,) = db.execute("SELECT resolved FROM runs").fetchone()
        resolved = json.dumps({**json.loads(whole), **sections}) if sections else ""  # then the text is read
        db.execute("UPDATE runs SET resolved = ?", (resolved,))
        (own,) = db.execute("SELECT record FROM outcomes WHERE seed = 1").fetchone()
        db.execute("UPDATE outcomes SET record = ? WHERE seed = 1", (json.dumps({**json.loads(own), **changes}),))
        for name in SEALED:
            seal(db, name)  # or nothing behind the checksums would be tried
        db.commit()
        db.close()
        try:
            found = load_results(directory, registry=REGISTRY)
            for regime in found.suite.regimes:
                for n, d in found.sizes():
                    found.threshold(regime.name, n, d)
        except (StoreError, SuiteError, RegimeError):
            pass


def archive(given_: tuple[bytes, str, Any, bytes]) -> None:
    """Read an archive of damaged bytes, or a sound one of members and a manifest that somebody has written."""
    content, name, entry, member = given_
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file, temporary = Path(folder) / "a.zip", Path(folder) / "temporary"
        temporary.mkdir()
        patch.setattr(tempfile, "tempdir", str(temporary))
        file.write_bytes(content or _signed(name, entry, member))
        try:
            with unpacked(file) as found:
                load_results(found.directory, registry=REGISTRY)
        except (ArchiveError, StoreError, ValueError):  # which the session turns into one of ours
            pass
        assert not list(temporary.iterdir())
        assert {path.name for path in Path(folder).iterdir()} == {"a.zip", "temporary"}


def _signed(name: str, entry: Any, member: bytes) -> bytes:
    """Return an archive with one member more, and one entry of the manifest that is another."""
    with zipfile.ZipFile(ARCHIVE) as sound:
        members = {one: sound.read(one) for one in sound.namelist() if one != MANIFEST} | {name: member}
        listed = {
            one: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for one, data in members.items()
        }
        manifest = {**json.loads(sound.read(MANIFEST)), "members": listed, **entry}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for one, data in {MANIFEST: json.dumps(manifest).encode(), **members}.items():
            written.writestr(zipfile.ZipInfo(one), data)
    return out.getvalue()


def made(fill: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
        return (Path(folder) / FILE).read_bytes()


def _few(folder: Path) -> None:
    text = SUITE.replace("n = [12, 16, 20]", "n = 12")
    small = parse_suite(text, REGISTRY)
    with Store(folder) as store:
        run = Run(small, REGISTRY, store, "cpu")
        run.begin()
        store.append_rounds(run.plan.unrecorded())
        for search in run.plan.searches:
            for k, seed in search.waiting:
                fake = Outcome(seed, (3, None), 7, 0.5, curve=(1.0, 0.5), solver=search.solver.name, device="cpu")
                store.put(search.key, search.data, search.cell(k), [fake])


def _npz() -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, x=np.arange(12.0).reshape(6, 2), y=np.arange(6.0))
    return content.getvalue()


RESULTS = made(_few)
FIELDS = (
    "hits",
    "steps",
    "measure",
    "diverged",
    "falling",
    "movement",
    "curve",
    "diagnostics",
    "solver",
    "message",
    "x",
)
SECTIONS = ("suite", "problems", "budget", "search", "regimes", "keys", "x")
KEYS = ("versions", "plugins", "plugin_files", "device", "solvers", "suite", "seed", "date", "x")
CSV = "a,b,y\n1,2,3\n4,5.5,-6e3\n7,8,9\n"

MEMBERS = (
    FILE,
    SUITE_MEMBER,
    "table.md",
    "../a.md",
    "/a.md",
    "figures/a.svg",
    "CON.md",
    "a\\b.md",
    "results.sqlite-wal",
)
MANIFESTS = ("kind", "format", "harness", "members", "x")
ARCHIVE = Path(__file__).parent / "exchange" / "fixtures" / "grid.zip"

CASES: dict[str, tuple[Callable[[Any], None], st.SearchStrategy[Any], int]] = {
    "suite": (suite, mutated(SUITE), 26_000),
    "archive": (
        archive,
        st.tuples(mutated_bytes(ARCHIVE.read_bytes()), st.just(""), st.none(), st.just(b""))
        | st.tuples(
            st.just(b""),
            st.sampled_from(MEMBERS) | st.text(max_size=12),
            st.dictionaries(st.sampled_from(MANIFESTS), VALUES, max_size=1),
            mutated_bytes(RESULTS) | mutated(SUITE).map(lambda text: text.encode("utf-8", "surrogatepass")),
        ),
        4_000,
    ),
    "csv": (table, mutated(CSV) | st.text(max_size=60), 25_000),
    "npz": (arrays, mutated_bytes(_npz()), 20_000),
    "results": (results, mutated_bytes(RESULTS), 8_000),
    "record": (record, VALUES, 8_000),
    "near record": (near_record, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3), 7_000),
    "run directory": (
        whole_results,
        st.tuples(
            st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=1),
            st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=1),
            st.just(SUITE.replace("n = [12, 16, 20]", "n = 12")) | mutated(SUITE),
            st.dictionaries(st.sampled_from(SECTIONS), VALUES, max_size=1),
        ),
        2_000,
    ),
}


def test_the_full_form_has_100_000_cases() -> None:
    assert sum(count for *_, count in CASES.values()) == 100_000


def fuzz(name: str, count: int) -> None:
    check, cases, _ = CASES[name]
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    tuned = settings(max_examples=count, deadline=20_000, database=None, suppress_health_check=quiet, derandomize=True)
    tuned(given(cases)(check))()


@pytest.mark.parametrize("name", CASES)
def test_a_few_cases(name: str) -> None:
    fuzz(name, 30)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_cases(name: str) -> None:
    fuzz(name, CASES[name][2])
