"""The notebook of the documentation, executed as Jupyter executes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "thresholds.ipynb"
RUN = (
    "import sys, nbformat\n"
    "from nbclient import NotebookClient\n"
    "notebook = nbformat.read(sys.argv[1], 4)\n"
    "NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
    "nbformat.write(notebook, sys.argv[2])\n"
)


def test_the_notebook_ends_with_data_frames_and_a_figure(tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pandas")
    kept = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in kept["cells"]), "outputs are not kept"
    out = tmp_path / "executed.ipynb"
    run = [sys.executable, "-c", RUN, str(NOTEBOOK), str(out)]
    done = subprocess.run(
        run, capture_output=True, text=True, timeout=400, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr[-3000:]
    cells = json.loads(out.read_text(encoding="utf-8"))["cells"]
    shown = [output["data"] for cell in cells for output in cell.get("outputs", ()) if "data" in output]
    assert shown[1]["text/plain"] == ["180"], "3 sizes, 5 widths, 12 trials"
    assert shown[2]["text/plain"] == ["<Results of suite 'notebook': 3 thresholds, 180 trials>"]
    assert sum("text/html" in one for one in shown) >= 3
    assert sum("image/png" in one for one in shown) == 1
