"""The rules of axe-core on pages, and on every page of the site: ``make axe``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .browser import DARK, asked

AXE = os.environ.get("AXE_CORE", "")
"""The file ``axe.min.js`` of the npm package axe-core, or nothing."""

WIDTHS = (400, 1200)
"""Widths of pages in pixels: those of a phone and of a desk."""

CHECKED = """
for (const details of document.querySelectorAll("details")) details.open = true;
await new Promise((resolve) => setTimeout(resolve, 100));
const { violations, passes } = await axe.run(document);
return [passes.length, violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))])];
"""


def broken_rules(text: str, directory: Path, width: int, *, dark: bool) -> tuple[int, list[tuple[str, list[str]]]]:
    """Return how many rules a page meets, and those that it breaks with the elements that break them.

    Args:
        text: The page.
        directory: For the page and the browser's profile.
        width: Width of the page in pixels.
        dark: Whether the reader prefers dark pages.
    """
    script = f"{Path(AXE).read_text('utf-8')}; {CHECKED}"
    found: Any = asked(text, script, directory, "--window-size=1300,900", *[DARK] * dark, width=width)
    assert isinstance(found, list), found
    passes, violations = found
    return passes, [(rule, elements) for rule, elements in violations]


def main(site: Path, names: list[str]) -> int:
    """Print the rules that pages of the site break, and return 1 if there are any.

    Args:
        site: Directory of the site.
        names: Paths of pages in it, or none for all.
    """
    pages = [site / name for name in names] or sorted(set(site.rglob("*.html")) - set(site.glob("_static/**/*")))
    broken = 0
    with TemporaryDirectory() as directory:
        for page in pages:
            # A frame has no address of its own, and would look for styles and scripts beside the page around it.
            text = page.read_text("utf-8").replace("<head>", f'<head><base href="{page.resolve().as_uri()}">', 1)
            for width, dark in ((width, dark) for width in WIDTHS for dark in (False, True)):
                passes, violations = broken_rules(text, Path(directory), width, dark=dark)
                broken += len(violations)
                of = f"{page.relative_to(site)} {width} px {'dark' if dark else 'light'}"
                print(f"{of}: {passes} rules met, {len(violations)} broken", flush=True)
                for rule, elements in violations:
                    print(f"  {rule}, {len(elements)} times: {elements[0]}", flush=True)
    print(f"{len(pages)} pages, {broken} rules broken")
    return 1 if broken or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
