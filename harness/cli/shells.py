"""Shells that complete words: names with blanks, and folders, after which no blank comes."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from click.shell_completion import BashComplete, CompletionItem, ZshComplete, add_completion_class


class Bash(BashComplete):
    """Completion in Bash, which takes each line as it is."""

    source_template: ClassVar[str] = BashComplete.source_template.replace("read type", "read -r type").replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=("$value")\n            [[ $value == */ ]] && compopt -o nospace'
    )

    def format_completion(self, item: CompletionItem) -> str:
        r"""Return a line with signs escaped that separate or change words.

        >>> Bash(None, {}, "harness", "").format_completion(CompletionItem("house price"))
        'plain,house\\ price'
        """
        escaped = re.sub(r"([^\w@%+=:,./~-])", r"\\\1", item.value)
        return f"{item.type},{escaped}"


class Zsh(ZshComplete):
    """Completion in Zsh, which escapes words itself."""

    source_template: ClassVar[str] = ZshComplete.source_template.replace(
        "compadd -U -V unsorted -a completions",
        "compadd -U -V unsorted -- ${completions:#*/}\n        compadd -U -S '' -V folders -- ${(M)completions:#*/}",
    )


def register() -> None:
    """Let click use these classes."""
    kinds: tuple[Any, ...] = (Bash, Zsh)
    for kind in kinds:
        add_completion_class(kind)
