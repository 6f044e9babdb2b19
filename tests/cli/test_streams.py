"""Standard output that is closed, full, unread, or of another encoding: no traceback, and a status that says so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

THEORY = f"{sys.executable} -m harness theory --n 20 --d 5"


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (f"{THEORY} >&-", 3, "standard output could not be written: it is closed\n"),
        (f"{THEORY} --json > /dev/full", 3, "standard output could not be written: No space left on device\n"),
        (f"{THEORY} 2>&- >/dev/null", 0, ""),
        (f"{THEORY} 2>&- >&-", 3, ""),
        (f"{THEORY} --format csv | true; exit ${{PIPESTATUS[0]}}", 128 + signal.SIGPIPE, ""),
    ],
)
def test_output_that_cannot_be_written_has_its_status(line: str, status: int, said: str) -> None:
    done = shell(line)
    assert (done.returncode, done.stderr.decode()) == (status, said)


def test_wrong_input_is_wrong_input_where_nothing_was_to_be_written() -> None:
    done = shell(f"{THEORY} --nn 3 >&-")
    assert done.returncode == 2
    assert b"No such option" in done.stderr


@pytest.mark.parametrize("form", ["--format markdown", "--json", ""])
def test_a_file_is_utf8_whatever_the_locale_says(form: str) -> None:
    done = shell(f"{THEORY} {form}", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    assert "λ" in done.stdout.decode("utf-8")
    if form == "--json":
        assert json.loads(done.stdout)["predictions"]


@pytest.mark.skipif(not shutil.which("script"), reason="script(1), which makes a terminal, is not installed")
def test_a_terminal_without_a_sign_has_it_spelled_out() -> None:
    done = shell(f"script -qec '{THEORY}' /dev/null", PYTHONIOENCODING="ascii", TERM="dumb")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"<=" in done.stdout


def test_a_library_that_counts_what_is_left_prints_nothing() -> None:
    """Libraries made with nanobind print the objects that Python leaves, so that garbage is searched for at the end."""
    pytest.importorskip("triton")
    code = "import sys, triton._C.libtriton; from harness.cli import main; sys.argv = ['harness', '--version']; main()"
    done = shell(f'{sys.executable} -c "{code}"')
    assert (done.returncode, done.stderr) == (0, b"")
