"""SVG elements for a page with several figures: identifiers kept apart, colours of the page, and few bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import escape

from harness.report.figures.style import FAMILY, GRID, INK, PAPER

TAG = re.compile(r"<[^>]*>")
REFERENCE = re.compile(r'(?:url\(|href=")#([^")]*)')
DEFAULTS = {"stroke-linejoin: miter", "stroke-linecap: butt", "stroke-dashoffset: 0", "stroke-width: 1", FAMILY}
LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def inline(text: str, name: str, label: str) -> str:
    """Return an SVG element for a page with several figures, in the colours of the page.

    Args:
        text: SVG from :func:`harness.report.figures.style.svg`.
        name: Prefix that keeps its identifiers apart from those of other figures.
        label: Description for readers who do not see it.

    Returns:
        The element.
    """
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = compact(text)
    text = text.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", text)
    text = text.replace(INK, "currentColor").replace(GRID, "var(--grid)").replace(PAPER, "var(--paper)")
    return text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" style="{FAMILY}" ', 1)


def with_shared_styles(figures: Sequence[str]) -> tuple[list[str], str]:
    """Return SVG elements whose marks name their style by a class, and the rules of these classes.

    Figures have few styles, and each is that of thousands of marks.

    Args:
        figures: SVG elements from :func:`inline`.

    >>> with_shared_styles(['<g><path style="fill:none"/><text style="x:1"/></g>', '<path style="fill:none"/>'])
    (['<g><path class="f1"/><text class="f2"/></g>', '<path class="f1"/>'], '.f1{fill:none}.f2{x:1}')
    """
    names: dict[str, str] = {}

    def named(style: re.Match[str]) -> str:
        return f' class="{names.setdefault(style[1], f"f{len(names) + 1}")}"'

    found = [re.sub(r' style="([^"]*)"', named, figure) for figure in figures]
    return found, "".join(f".{name}{{{style}}}" for style, name in names.items())


def compact(text: str) -> str:
    r"""Return an SVG element that looks the same with fewer bytes.

    Identifiers that nothing refers to, groups without attributes, spaces, properties with their default values and
    rotations by nothing are left out. Other identifiers become numbers. Coordinates have one decimal, a tenth of a
    point.

    >>> compact('<svg><g id="a">\n <g id="b">\n  <use href="#b" x="1.23456"/>\n </g>\n</g></svg>')
    '<svg><g id="1"><use href="#1" x="1.2"/></g></svg>'
    """
    referred = dict.fromkeys(re.findall(REFERENCE, text))
    numbers = {name: str(number) for number, name in enumerate(referred, 1)}

    def short(tag: re.Match[str]) -> str:
        found = re.sub(r' id="([^"]*)"', lambda one: f' id="{numbers[one[1]]}"' if one[1] in numbers else "", tag[0])
        found = re.sub(REFERENCE, lambda one: one[0].replace(one[1], numbers[one[1]]), found)
        found = re.sub(r' transform="rotate\(-?0 [^"]*"', "", LONG_NUMBER.sub(_rounded, found))
        found = re.sub(r' style="([^"]*)"', _style, re.sub(r' d="([^"]*)"', _path, found))
        return re.sub(r"\s+", " ", found)

    return _without_bare_groups(re.sub(r">\s+<", "><", TAG.sub(short, text)))


def _path(path: re.Match[str]) -> str:
    commands = re.sub(r"\s*([A-Za-z])\s*", r"\1", path[1])
    return f' d="{commands}"'


def _style(style: re.Match[str]) -> str:
    parts = [part.strip() for part in style[1].split(";")]
    kept = [re.sub(r":\s+", ":", part) for part in parts if part and part not in DEFAULTS]
    return f' style="{";".join(kept)}"' if kept else ""


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".rstrip("0").rstrip(".")


def _without_bare_groups(text: str) -> str:
    parts: list[str] = []
    kept: list[bool] = []
    end = 0
    for tag in re.finditer(r"<g\b[^>]*>|</g>", text):
        parts.append(text[end : tag.start()])
        end = tag.end()
        if tag[0].endswith("/>"):
            parts.append("" if tag[0] == "<g/>" else tag[0])
        elif tag[0] == "</g>":
            parts.append(tag[0] if kept.pop() else "")
        else:
            kept.append(tag[0] != "<g>")
            parts.append(tag[0] if kept[-1] else "")
    return "".join([*parts, text[end:]])
