"""What each renderer writes, to the last byte.

After a change that is meant: ``REFRESH_GOLDEN=1 python -m pytest -n 0 tests/report/test_golden.py``, then read the
difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.builtin.renderers import RENDERERS
from harness.components.table import Renderer
from harness.report.bibliography import bibliography
from harness.report.latex import document

from .specimen import SPECIMEN

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"{path} differs; see the head of this file"


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: str(renderer.name))
def test_each_format_is_as_it_was(renderer: type[Renderer]) -> None:
    check(f"specimen{renderer.suffix}", renderer().render(SPECIMEN, 100))


def test_the_screen_at_80_columns_is_as_it_was() -> None:
    rich = next(renderer for renderer in RENDERERS if renderer.name == "rich")
    check("specimen-80.txt", rich().render(SPECIMEN, 80))


def test_the_file_for_papers_is_as_it_was() -> None:
    check("table.tex", document([SPECIMEN]))
    check("references.bib", bibliography([SPECIMEN]))
