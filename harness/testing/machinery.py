"""Checks of executors and renderers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.entries import Count, Estimate, Missing, Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.state import twice

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = ("softplus", "relu")


def sample_table() -> Table:
    """Return a small table with an entry of each usual kind, a note, and characters that formats must escape."""
    note = Note("limited by the budget")
    rows = (
        Row((Text(WORDS[0]), Number(40), Estimate(3.5, 3, 4, notes=(note,)), Count(20, 22)), group="smooth & hidden"),
        Row((Text(WORDS[1]), Number(80), Missing("too few trials"), Count(0, 12)), group="100% <kinked>_$"),
    )
    columns = (Column("regime"), Column("n", "right"), Column("k½", "right"), Column("fits"))
    return Table("sample", "Sample table", "What every column means.", columns, rows, {"seed": "1"})


def renders(subject: Subject) -> Iterator[str]:
    """It writes a table as text, with all of its contents, and the same text when called again."""
    renderer = subject.item()
    if not str(getattr(renderer, "suffix", "")).startswith("."):
        yield f"suffix is {getattr(renderer, 'suffix', None)!r}, expected that of a file, with the dot"
    table = sample_table()
    first, again = twice(lambda: renderer.render(table))
    if not isinstance(first, str) or not first.strip():
        yield f"render() returned {type(first).__name__}, expected the text of the table"
        return
    if first != again:
        yield "render() writes another text when asked again"
    lost = [word for word in (*WORDS, "40", "80") if word not in first]
    if lost:
        yield f"render() leaves out {', '.join(lost)}: write every row and column"
    if not renderer.summary:
        yield "summary is empty: say in one line what the format is for"


def runs(subject: Subject) -> Iterator[str]:
    """It trains a batch and returns what the engine returns."""
    from harness.builtin.datasets import Sphere
    from harness.components.executor import Batch
    from harness.engine.setting import Setting, semantic_key
    from harness.engine.work import train_batch
    from harness.testing.suites import plain_regime

    if subject.item.joins():
        raise NotApplicable("it needs a cluster")
    regime = plain_regime()
    setting = Setting(
        regime, None, Sphere(), True, 0, steps=5, tolerances=(1e-1,), dtype="float32", device="cpu", spectrum=False
    ).data(subject.registry)
    batch = Batch(Cell(regime.name, 6, 4, 3), (0, 1), setting, semantic_key(setting))
    files = tuple(plugin.origin for plugin in subject.registry if plugin.is_file)
    with subject.item(1, files) as executor:
        executor.submit(batch)
        done, outcomes = executor.next_done()
    if done != batch or outcomes != train_batch(batch, subject.registry):
        yield "next_done() returned other outcomes than harness.engine.work.train_batch: hand back what it returns"
    known = inspect.signature(subject.item.__init__).parameters
    if "plugin_files" not in known and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        yield "__init__ does not take plugin_files, which workers must load"


CHECKS = (Check("renders", ("renderer",), renders), Check("runs", ("executor",), runs))
