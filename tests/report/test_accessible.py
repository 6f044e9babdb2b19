"""Pages that everyone can read: contrast of their colours, type on phones, and the rules of axe-core where it is."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command

from .axe import AXE, WIDTHS, broken_rules
from .browser import asked, needs_browser

LEAST_CONTRAST = 4.5
"""Contrast of small text that WCAG 2.2 asks for at level AA."""

SMALLEST = 9.0
"""Size in pixels of the smallest type in a figure on a phone."""


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour as WCAG defines it.

    >>> luminance("#ffffff"), luminance("#000000")
    (1.0, 0.0)
    """
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palettes() -> list[dict[str, str]]:
    """Return the colours of the page by name, light and dark."""
    style = files("harness.report").joinpath("templates/page.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style.partition("@media print")[0], re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in blocks]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_text_is_in_contrast_to_what_is_behind_it(palette: dict[str, str]) -> None:
    for behind in ("paper", "tint"):
        for text in ("ink", "soft", "link", "good", "bad", "doubt"):
            low, high = sorted((luminance(palette[text]), luminance(palette[behind])))
            assert (high + 0.05) / (low + 0.05) >= LEAST_CONTRAST, (text, behind)


@needs_browser
def test_type_of_figures_can_be_read_on_a_phone(text: str, tmp_path: Path) -> None:
    script = """
    await packed;
    const scale = ({ a, b }) => Math.hypot(a, b); // of text on its side too
    const size = (of) => parseFloat(getComputedStyle(of).fontSize) * scale(of.getScreenCTM());
    const shown = [...document.querySelectorAll("main svg text")].filter((of) => of.checkVisibility());
    return [window.innerWidth, shown.length, Math.min(...shown.map(size)), document.documentElement.scrollWidth];
    """
    width, texts, smallest, wide = asked(text, script, tmp_path, "--hide-scrollbars", width=400)
    assert wide <= width == 400
    assert texts > 100
    assert smallest >= SMALLEST


@needs_browser
@pytest.mark.skipif(not AXE, reason="AXE_CORE does not name the file axe.min.js of the npm package axe-core")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["run", "claims"])
def test_axe_finds_nothing(text: str, tmp_path: Path, kind: str, width: int, *, dark: bool) -> None:
    if kind == "claims":
        CliRunner().invoke(command, ["theory", "--html", str(tmp_path / "claims.html")], standalone_mode=False)
        text = (tmp_path / "claims.html").read_text("utf-8")
    passes, violations = broken_rules(text, tmp_path, width, dark=dark)
    assert passes > 30
    assert violations == []
