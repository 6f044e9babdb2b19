"""Tables as LaTeX with booktabs. The setting is printed above the rows that share it, and notes below the table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import Bound, Entry, Formula, Missing, Text
from harness.components.numbers import LETTERS, MARKS, clean
from harness.components.table import in_order_of_marks
from harness.report.bibliography import bibliography, cite
from harness.report.latex_plan import LINE, SEP, SIZES, latex_plan
from harness.report.tex import escape, formula
from harness.report.tex_signs import DEFINITION, OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Column, Row, Table

PACKAGES = ("booktabs", "array", "longtable", "amsmath", "amssymb")
"""Packages that a document needs for tables and for the results of :func:`harness.report.tex.escape`."""

ALIGNED = {"left": "l", "right": "r", "center": "c"}
"""Letters of LaTeX for the alignment of a column."""

LONG = 32
"""Number of lines from which a table may be broken over pages."""

RAISED = {**dict(zip(MARKS, LETTERS, strict=True)), "†": r"\dag", "*": "*"}

PREAMBLE = r"""%% \input this file where booktabs, array, longtable, amsmath and amssymb are loaded; or compile it.
\makeatletter
\ifx\@nodocument\relax\let\tablesend\relax\else
  \documentclass{article}
  %s\usepackage[margin=1in]{geometry}\usepackage{%s}
  \def\tablesend{%s\end{document}}
  \begin{document}
\fi
\makeatother
"""

T1 = r"\usepackage[T1]{fontenc}"
ENGINES = rf"\ifdefined\Uchar\usepackage[no-math]{{fontspec}}\else{T1}\fi"
"""Fonts of a document with letters that pdflatex lacks. Only LuaTeX and XeTeX have the primitive ``\\Uchar``."""

REFERENCES = r"\bibliographystyle{plain}\bibliography{references}"


def document(tables: Sequence[Table], said: str = "") -> str:
    r"""Return tables as one file, to be read by ``\input`` or compiled by itself; it needs ``references.bib``.

    Args:
        tables: The tables.
        said: Sentences above them.
    """
    body = [latex(table) for table in tables]
    encoding = ENGINES if any(OTHER in text for text in body) else T1
    parts = [PREAMBLE % (encoding, ",".join(PACKAGES), REFERENCES if bibliography(tables) else "")]
    parts += [*([f"\\noindent {escape(said)}\n"] if said else []), *body]
    return "\n".join([*parts, "\\tablesend\n"])


def latex(table: Table) -> str:
    """Return one table as LaTeX for a document that loads :data:`PACKAGES`."""
    text = _Tex(table).text()
    return DEFINITION + text if OTHER in text else text


class _Tex:
    def __init__(self, table: Table) -> None:
        # The text of the paper has what the caption of a compact table leaves out.
        brief = replace(table.without_details(), caption=table.caption)
        self.table = table = brief if table.compact else table.explained()
        self.keys = {cite(entry) for entry in table.bibtex}
        self.plan = latex_plan(table.columns, [self._natural(i) for i in range(len(table.columns))])
        if gone := self.plan.dropped:  # with their notes and the sentences of the caption about them
            kept = [i for i, column in enumerate(table.columns) if column.header not in gone]
            columns, below = (tuple(map(kept.index, places)) for places in (self.plan.columns, self.plan.below))
            self.table, self.plan = table.without(gone), replace(self.plan, columns=columns, below=below)
        self.marks = self.table.notes()

    def text(self) -> str:
        plan, table = self.plan, self.table
        said = "; ".join(f"{clean(key)}: {clean(value)}" for key, value in sorted(table.provenance.items()))
        comment = [f"% {said.encode('ascii', 'replace').decode()}"] if said else []
        body = self._body()
        columns = "@{\\extracolsep{\\fill}}".join(self._column(i) for i in range(len(plan.columns)))
        head = [r"\toprule", self._line(self._headers()), r"\midrule"]
        said_first = f"{table.title}. {table.brief}" if table.compact else table.title
        caption = rf"\caption{{{escape(said_first)}}}\label{{table:{_label(table.name)}}}"
        notes = self._notes()
        open_ = [*comment, r"\begingroup", rf"\{plan.size}\setlength{{\tabcolsep}}{{{SEP:g}pt}}"]
        if len(body) > LONG and not table.compact:
            return "\n".join(
                [
                    *open_,
                    r"\setlength{\LTleft}{0pt}\setlength{\LTright}{0pt}\setlength{\LTcapwidth}{\linewidth}",
                    rf"\begin{{longtable}}{{@{{\extracolsep{{\fill}}}}{columns}@{{}}}}",
                    rf"{caption}\\",
                    *head,
                    r"\endfirsthead",
                    *head,
                    r"\endhead",
                    r"\bottomrule",
                    r"\endfoot",
                    *body,
                    r"\end{longtable}",
                    *notes,
                    r"\endgroup",
                    "",
                ]
            )
        float_ = "table*" if table.compact else "table"  # of both columns of a page
        return "\n".join(
            [
                *comment,
                rf"\begin{{{float_}}}[htbp]",
                rf"\{plan.size}\setlength{{\tabcolsep}}{{{SEP:g}pt}}",
                caption,
                *([r"\smallskip"] if table.compact else []),
                rf"\begin{{tabular*}}{{\linewidth}}{{@{{\extracolsep{{\fill}}}}{columns}@{{}}}}",
                *head,
                *body,
                r"\bottomrule",
                r"\end{tabular*}",
                *notes,
                rf"\end{{{float_}}}",
                "",
            ]
        )

    # The columns.

    def _natural(self, i: int) -> int:
        texts = [row.entries[i].text() for row in self.table.rows]
        cites = [5 * bool(self._cite(row.entries[i])) for row in self.table.rows]
        header = max(len(word) for word in self.table.columns[i].header.split(" "))
        return max([header, *(len(text) + extra for text, extra in zip(texts, cites, strict=True))])

    def _column(self, place: int) -> str:
        width = self.plan.widths[place]
        if width is None:
            return ALIGNED[self.table.columns[self.plan.columns[place]].align]
        points = dict(SIZES)[self.plan.size]
        return rf">{{\raggedright\arraybackslash}}p{{{width * points / LINE:.2f}\linewidth}}"

    # The rows.

    def _headers(self) -> list[str]:
        """Return headers. Those longer than their entries are broken between words."""
        found = []
        for i in self.plan.columns:
            column = self.table.columns[i]
            longest = max((len(row.entries[i].text()) for row in self.table.rows), default=0)
            header = escape(column.header)
            if len(column.header) > max(longest, 4) and " " in column.header:
                align = ALIGNED[column.align]
                lines = r"\\".join(escape(word) for word in _broken(column.header, max(longest, 6)))
                header = rf"\begin{{tabular}}[b]{{@{{}}{align}@{{}}}}{lines}\end{{tabular}}"
            found.append(header)
        return found

    def _body(self) -> list[str]:
        found: list[str] = []
        before: tuple[list[str], str] | None = None
        for row in self.table.rows:
            setting = [
                entry.text() for column, entry in zip(self.table.columns, row.entries, strict=True) if column.fold
            ]
            fresh = before is None or before[0] != setting
            regrouped = before is None or before[1] != row.group
            if before is not None and ((fresh and setting) or regrouped):
                found.append(r"\addlinespace")
            if setting and fresh:
                found.append(self._across(rf"\textbf{{{self._heading(row)}}}"))
            if row.group and (fresh or regrouped):
                found.append(self._across(rf"\textit{{{escape(row.group)}}}"))
            found.append(self._line([self._entry(row.entries[i]) for i in self.plan.columns], bool(self.plan.below)))
            for i in self.plan.below:
                header = escape(self.table.columns[i].header)
                last = i == self.plan.below[-1]
                said = self._entry(row.entries[i])
                found.append(self._across(rf"\hspace*{{1em}}{header}: {said}", "" if last else "*"))
            before = setting, row.group
        return found

    def _line(self, cells: Sequence[str], keep: bool = False) -> str:
        return " & ".join(cells) + (r" \\*" if keep else r" \\")

    def _across(self, text: str, keep: str = "*") -> str:
        # The box has no width, so that a long line does not stretch the last column.
        box = rf"\makebox[0pt][l]{{\parbox[t]{{\linewidth}}{{\raggedright {text}\strut}}}}"
        return rf"\multicolumn{{{len(self.plan.columns)}}}{{@{{}}l@{{}}}}{{{box}}} \\{keep}"

    def _heading(self, row: Row) -> str:
        parts: list[str] = []
        for column, entry in zip(self.table.columns, row.entries, strict=True):
            if column.fold and not (isinstance(entry, Missing) and not entry.notes):
                parts.append(self._said(column, entry) if parts else self._entry(entry))
        return r" $\cdot$ ".join(parts)

    def _said(self, column: Column, entry: Entry) -> str:
        relation = "" if isinstance(entry, (Text, Bound, Missing)) else "= "
        return f"{escape(column.header)} {relation}{self._entry(entry)}"

    def _entry(self, entry: Entry) -> str:
        text = formula(entry.text()) if isinstance(entry, Formula) else escape(entry.text())
        if entry.style == "strong":
            text = rf"\textbf{{{text}}}"
        marks = [self.marks[note] for note in in_order_of_marks(entry, self.marks)]
        return text + self._cite(entry) + self._marked(marks)

    def _cite(self, entry: Entry) -> str:
        key = entry.cite if isinstance(entry, Text) else ""
        return rf"~\cite{{{key}}}" if key and key in self.keys else ""

    def _marked(self, marks: Sequence[str]) -> str:
        """Return marks as superscripts."""
        raised, level = [], []
        for mark in dict.fromkeys(marks):
            if all(sign in RAISED for sign in mark):
                raised.append("".join(RAISED[sign] for sign in mark))
            else:
                level.append(f" {escape(mark)}")
        return "".join(level) + (rf"\textsuperscript{{{','.join(raised)}}}" if raised else "")

    # Notes and caption.

    def _notes(self) -> list[str]:
        table = self.table
        caption = "" if table.compact else table.caption
        if self.plan.dropped:
            caption += f" Columns left out here: {', '.join(f'“{header}”' for header in self.plan.dropped)}."
        found = [escape(caption)] if clean(caption) else []
        found += [f"{self._marked([mark]).strip()} {escape(note.text)}" for note, mark in self.marks.items()]
        if not found:
            return []
        return [r"\par\smallskip{\raggedright\footnotesize", *(rf"\noindent {line}\par" for line in found), "}"]


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", name)


def _broken(text: str, width: int) -> list[str]:
    """Break a header between words into lines of about this many characters."""
    found: list[str] = []
    for word in text.split(" "):
        if found and len(found[-1]) + 1 + len(word) <= width:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found
