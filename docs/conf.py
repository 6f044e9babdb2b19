"""The documentation's build: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import harness

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "convergence-harness"
author = "The convergence-harness developers"
version = release = harness.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_templates", "notebooks"]
html_theme = "furo"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["gallery.css"]
html_js_files = [("accessible.js", {"defer": "defer"})]
html_copy_source = html_show_sourcelink = False
html_title = f"convergence-harness {release}"
autodoc_member_order = "bysource"
autodoc_typehints = "description"


def setup(app: Sphinx) -> None:
    """Write the pages that are made from the code before any page is read."""
    from generated import write_pages

    app.connect("builder-inited", lambda _app: write_pages(Path(__file__).parent / "reference"))
