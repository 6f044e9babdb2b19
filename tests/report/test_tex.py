from __future__ import annotations

import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Theory
from harness.components.entries import Note, Text
from harness.components.table import Column, Row, Table
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.report.bibliography import bibliography
from harness.report.compact_view import compact_theories_view, compact_view
from harness.report.latex import document, latex
from harness.report.predicted import predict_suite
from harness.report.tex import escape, lacking, notice
from harness.report.tex_signs import MATH, OTHER, SPECIAL

from .specimen import BIBTEX, HOSTILE, SPECIMEN

PDFLATEX = shutil.which("pdflatex")


LUALATEX = shutil.which("lualatex") and (
    subprocess.run(["kpsewhich", "luaotfload-main.lua"], capture_output=True, check=False).returncode == 0
)
"""Whether there is a lualatex with what loads its fonts, which Debian has in a package of its own."""


def compiled(tables: list[Table], directory: Path, engine: str = "pdflatex") -> str:
    """Compile tables with their references and return the log of the last run."""
    (directory / "table.tex").write_text(document(tables), encoding="ascii")
    (directory / "references.bib").write_text(bibliography(tables), encoding="utf-8")
    latex_run = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    for command in (latex_run, ["bibtex", "table"], latex_run, latex_run):
        if command[0] == "bibtex" and not bibliography(tables):
            continue
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-1500:]
    return (directory / "table.log").read_text(encoding="latin-1")


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)")
def test_the_specimen_compiles_by_itself_with_its_references(tmp_path: Path) -> None:
    log = compiled([SPECIMEN], tmp_path)
    assert "undefined" not in log
    assert "Missing character" not in log
    assert (tmp_path / "table.pdf").stat().st_size > 10_000
    # Shell escape is off here; were it on, nothing would be run either, as the command is printed, not called.
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)")
def test_hostile_names_and_every_theory_compile(tmp_path: Path) -> None:
    theories: list[Theory] = list(load_plugins().theories())
    assert len(theories) > 20
    words = [*HOSTILE, *(theory.claim.formula for theory in theories), *(theory.claim.title for theory in theories)]
    rows = tuple(Row((Text(HOSTILE[i % len(HOSTILE)]), Text(word)), word) for i, word in enumerate(words))
    columns = (Column("name", wrap=30), Column("formula", wrap=60))
    table = Table(
        "a_b %",
        HOSTILE[3],
        HOSTILE[2],
        columns,
        rows,
        {"who": "\n\\input{x}"},
        tuple(t.claim.reference.bibtex for t in theories),
    )
    cited = replace(
        SPECIMEN,
        rows=tuple(replace(row, entries=(Text("x"), *row.entries[1:])) for row in SPECIMEN.rows),
        bibtex=(BIBTEX, *(t.claim.reference.bibtex for t in theories)),
    )
    log = compiled([table, cited], tmp_path)
    assert "Missing character" not in log
    assert "root:" not in log


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)")
def test_tables_can_be_input_by_a_paper(tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(document([SPECIMEN]), encoding="ascii")
    paper = (
        "\\documentclass{article}\\usepackage{booktabs,array,longtable,amsmath,amssymb}\n"
        "\\begin{document}before \\input{table} after\\end{document}"
    )
    (tmp_path / "paper.tex").write_text(paper, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-1500:]


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)")
def test_the_short_tables_fit_a_page_of_two_columns(results: Results, tmp_path: Path) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())
    tables = [compact_view(results), compact_theories_view(results, predictions)]
    text = "\n".join(map(latex, tables))
    assert text.count(r"\begin{table*}") == 2
    assert "longtable" not in text
    assert "$n^{2}/d$" in text
    assert r"\label{table:compact}" in text
    paper = (
        "\\documentclass[twocolumn]{article}\\usepackage{booktabs,array,amsmath,amssymb}\n"
        f"\\begin{{document}}before\n{text}\nafter\\end{{document}}"
    )
    (tmp_path / "paper.tex").write_text(paper, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    assert "Overfull" not in done.stdout
    assert "too large" not in done.stdout


LETTERS = "\u65e5本語 имя ế å ą Ωή 😀"


@pytest.mark.skipif(not LUALATEX, reason="lualatex is not installed whole (Debian: texlive-luatex)")
def test_lualatex_compiles_the_letters_that_pdflatex_lacks(tmp_path: Path) -> None:
    log = compiled([replace(SPECIMEN, title=LETTERS, bibtex=())], tmp_path, "lualatex")
    assert "Missing character" not in log
    assert "fontspec" in log


def test_letters_that_pdflatex_lacks_are_named_and_kept_for_lualatex() -> None:
    assert escape("日å ế ą") == r"\harnessletter{65E5}{?}\r{a} \'{\^{e}} \harnessletter{105}{a}"
    assert lacking(LETTERS) == "日本語имяąή😀"
    words = notice(["relu", "日本", "50 % Ω"])
    assert "日本" in words
    assert "relu" not in words
    assert "Ω" not in words
    assert notice(["relu", "Łódź"]) == ""
    plain = document([replace(SPECIMEN, rows=SPECIMEN.rows[:1])])
    assert OTHER not in plain
    assert "fontspec" not in plain
    assert document([replace(SPECIMEN, title="日本")]).count(r"\def" + OTHER) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_escaped_text_is_ascii_and_calls_only_what_prints(name: str) -> None:
    text = escape(name)
    assert text.isascii()
    for command in ("\\input", "\\write", "\\end", "\\begin"):
        assert command not in text
    assert text.count("$") - text.count("\\$") == 2 * ((text.count("$") - text.count("\\$")) // 2)


def test_every_sign_in_theories_and_captions_has_a_spelling() -> None:
    known = {*SPECIAL, *MATH}
    for theory in load_plugins().theories():
        for word in (
            theory.claim.formula,
            theory.claim.title,
            theory.claim.reference.text,
            theory.claim.certainty_note,
        ):
            for character in word:
                spelled = escape(character)
                known_sign = spelled and OTHER not in spelled
                assert known_sign or character.isspace() or unicodedata.combining(character), (word, character)
    assert known.isdisjoint("abcABC019")


def test_numbers_become_powers_of_ten_and_words_do_not() -> None:
    assert escape("2.4e6×") == r"$2.4\times 10^{6}\times $"
    assert escape("2.4e4 to 3.6e4×") == r"$2.4\times 10^{4}$ to $3.6\times 10^{4}\times $"
    assert escape("a difference of −1.3e-4 (−2.0e−3, 1e+06]") == (
        r"a difference of $-1.3\times 10^{-4}$ ($-2.0\times 10^{-3}$, $10^{6}$]"
    )
    for word in ("783e9", "3e939c1", "lr-1e3", "1.2e3.4", "v2.1e5", "2e5_x"):
        assert "times" not in escape(word), word


def test_only_what_the_bibliography_holds_is_cited() -> None:
    text = latex(SPECIMEN)
    assert r"\cite{author2020title}" in text
    assert "nobody1999" not in text
    assert r"\cite" not in latex(replace(SPECIMEN, bibtex=()))


def test_long_tables_may_break_over_pages_and_short_ones_float() -> None:
    assert r"\begin{table}" in latex(SPECIMEN)
    long = replace(SPECIMEN, rows=SPECIMEN.rows * 20)
    assert r"\begin{longtable}" in latex(long)
    assert r"\begin{table}" not in latex(long)


def test_columns_that_do_not_fit_a_page_are_named() -> None:
    many = tuple(Column(f"column {i}", priority=i) for i in range(30))
    table = Table("wide", "Wide", "All.", many, (Row(tuple(Text("twelve signs") for _ in many)),))
    text = latex(table)
    assert "Columns left out here:" in text
    assert "column 29" in text
    assert text.count("twelve signs") < 30


def test_what_is_said_of_a_column_without_room_goes_with_it() -> None:
    legend = "gone: said nowhere else."
    columns = tuple(Column(f"column {i}") for i in range(4))
    table = Table(
        "t",
        "T",
        f"First. {legend} Last.",
        (*columns, Column("gone", priority=1, legend=legend)),
        (Row((*(Text("x" * 24) for _ in columns), Text("y" * 24, notes=(Note("about it"),)))),),
    )
    said = latex(table)
    assert "First. Last. Columns left out here: ``gone''." in said
    assert legend not in said
    assert "about it" not in said
    assert "y" * 24 not in said
