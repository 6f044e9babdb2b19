"""A headless browser for pages, of which no request leaves the machine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")


def browser(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser."""
    assert CHROMIUM is not None
    alone = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={directory / 'profile'}",
    )
    return subprocess.run([CHROMIUM, *alone, *arguments], capture_output=True, text=True, timeout=90, check=False)


DARK = "--blink-settings=preferredColorScheme=0"
"""Argument of a browser of someone who prefers dark pages."""


def framed(text: str, width: int) -> str:
    """Return a page that shows another one as wide as asked for. Windows are no narrower than 500 pixels."""
    style = f"width: {width}px; height: 900px; border: 0"
    return f'<!DOCTYPE html><title>frame</title><iframe style="{style}" srcdoc="{escape(text)}"></iframe>'


def asked(text: str, script: str, directory: Path, *arguments: str, width: int = 0) -> Any:
    """Open a page without its policy, and return what a script in it returns.

    Args:
        text: The page.
        script: Body of an asynchronous function, which runs once the page is loaded.
        directory: For the page and the profile.
        arguments: Further arguments of the browser.
        width: Width of the page in pixels, or 0 for that of the window.
    """
    probe = f"""
    window.addEventListener("load", async () => {{
      const found = await (async () => {{ {script} }})().catch((error) => ({{ error: String(error) }}));
      const out = document.createElement("pre");
      out.id = "probe";
      out.textContent = JSON.stringify(found);
      parent.document.body.append(out);
    }});
    """
    open_ = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", text, count=1)
    file = directory / "asked.html"
    probed = open_.replace("<title>", f"<script>{probe}</script><title>", 1)
    file.write_text(framed(probed, width) if width else probed, encoding="utf-8")
    done = browser(directory, *arguments, "--virtual-time-budget=20000", "--dump-dom", file.as_uri())
    match = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-1000:]
    return json.loads(unescape(match[1]))
