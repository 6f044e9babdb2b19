"""The command line, called in the process of the tests."""

from __future__ import annotations

import os
import re
from pathlib import Path

from click.testing import CliRunner

from harness.cli import command


def called(*arguments: str | Path | int) -> tuple[int, str, str]:
    """Run a command that ends without a traceback, on a terminal of 200 columns unless ``COLUMNS`` is set.

    Returns:
        Its status, its output, and its messages in one line, without the frames around them.
    """
    result = CliRunner().invoke(command, list(map(str, arguments)), env={"COLUMNS": os.environ.get("COLUMNS", "200")})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, re.sub(r"[│╭╮╰╯─\s]+", " ", result.stderr).strip()
