"""The signs that LaTeX has: for characters of running text, of mathematics, accents, and letters that it lacks."""

from __future__ import annotations

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    '"': "''",
    "[": "{[}",  # after a line break it would start an option
    "*": "{*}",
    "“": "``",
    "”": "''",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "†": r"\textsuperscript{\dag}",
    "Ł": r"\L{}",
    "ł": r"\l{}",
    "Ø": r"\O{}",
    "ø": r"\o{}",
    "ß": r"\ss{}",
    "Æ": r"\AE{}",
    "æ": r"\ae{}",
    "´": "'",
    "\ufffd": "?",
    "’": "'",
    "‘": "`{}",
}
"""LaTeX for characters in running text."""

MATH = {
    "<": "<",
    ">": ">",
    "|": "|",
    "~": r"\sim ",
    "−": "-",
    "±": r"\pm ",
    "×": r"\times ",
    "÷": r"\div ",
    "·": r"\cdot ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "≫": r"\gg ",
    "≳": r"\gtrsim ",
    "≲": r"\lesssim ",
    "≽": r"\succeq ",
    "∞": r"\infty ",
    "√": r"\surd ",
    "‖": r"\Vert ",
    "∂": r"\partial ",
    "∇": r"\nabla ",
    "∫": r"\int ",
    "∏": r"\prod ",
    "∈": r"\in ",
    "∘": r"\circ ",
    "⊗": r"\otimes ",
    "→": r"\to ",
    "←": r"\leftarrow ",
    "↦": r"\mapsto ",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "ℓ": r"\ell ",
    "✓": r"\checkmark ",
    "✗": r"\times ",
    "½": r"\tfrac12 ",
    "¼": r"\tfrac14 ",
    "¾": r"\tfrac34 ",
    "⅛": r"\tfrac18 ",
    "◆": r"\diamond ",
}
"""LaTeX for signs in mathematics."""

ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
}
"""Combining marks and the commands that set them."""

OTHER = r"\harnessletter"
"""Command for letters that pdflatex lacks. Its arguments are the code point and what pdflatex prints instead."""

DEFINITION = r"""% LuaLaTeX prints such letters from the first of these fonts that has them, pdfLaTeX a question mark.
\providecommand\harnessfonts{Noto Serif CJK JP,Noto Serif,IPAexMincho,DejaVu Sans}
\makeatletter
\protected\def\harnessletter#1#2{\ifcsname IfFontExistsTF\endcsname
  \iffontchar\font"#1 \char"#1 \else\begingroup\def\harness@rest{#2}%
    \@for\harness@font:=\harnessfonts\do{\ifx\harness@rest\@empty\else\IfFontExistsTF{\harness@font}{%
      \fontspec{\harness@font}\iffontchar\font"#1 \char"#1 \let\harness@rest\@empty\fi}{}\fi}%
    \normalfont\harness@rest\endgroup\fi\else#2\fi}
\makeatother
"""
"""Definition of the command, for tables that have such letters. Without fontspec it prints the replacement."""

CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
