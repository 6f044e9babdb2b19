"""What a check looks at, what it says, and how the two are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.complaints import printable, show

if TYPE_CHECKING:
    from harness.plugin_host.registry import Kind, Plugin, Registry

Status = Literal["passed", "failed", "skipped"]


class NotApplicable(Exception):
    """The check has nothing to look at; the message says why."""


@dataclass(frozen=True)
class Subject:
    """One thing that a plugin provides, or the plugin itself.

    Attributes:
        kind: What family; ``plugin`` for the plugin itself.
        name: As suites write it.
        item: The class, the regime, the command; the plugin.
        plugin: Where it comes from.
        registry: All plugins, for the components that it needs beside it.
    """

    kind: Kind | Literal["plugin"]
    name: str
    item: Any = field(repr=False)
    plugin: Plugin = field(repr=False)
    registry: Registry = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Check:
    """One rule of the contract.

    Attributes:
        name: A word or two.
        kinds: What it applies to.
        run: Yields one message for each thing that is wrong, which says what to change.
    """

    name: str
    kinds: tuple[str, ...]
    run: Callable[[Subject], Iterator[str]] = field(repr=False)

    @property
    def rule(self) -> str:
        """What must hold, in one line."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Finding:
    """What a check said of a subject.

    Attributes:
        subject: Of what.
        check: Which check.
        status: ``skipped`` where there was nothing to look at.
        messages: What is wrong and what to change, or why it was skipped; each on one line.
    """

    subject: str
    check: str
    status: Status
    messages: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(f"{self.subject} · {self.check}: {message}" for message in self.messages or (self.status,))


@dataclass(frozen=True)
class Case:
    """One check of one subject: the unit that pytest runs.

    Attributes:
        subject: Of what.
        check: Which check.
    """

    subject: Subject
    check: Check

    def __str__(self) -> str:
        return f"{self.subject.kind}-{self.subject.name}-{self.check.name}".replace(" ", "-")

    def find(self) -> Finding:
        """Run the check; one that raises has failed, with the reason."""
        try:
            messages = tuple(dict.fromkeys(self.check.run(self.subject)))
            status: Status = "failed" if messages else "passed"
        except NotApplicable as reason:
            messages, status = (str(reason),), "skipped"
        except Exception as error:
            messages = (f"{self.check.rule} It could not be checked: {type(error).__name__}: {error}",)
            status = "failed"
        lines = tuple(printable(message)[:600] for message in messages)
        return Finding(str(self.subject), self.check.name, status, lines)

    def demand(self) -> None:
        """Run the check.

        Raises:
            AssertionError: It failed; the message says what to change.
        """
        finding = self.find()
        if finding.status == "failed":
            raise AssertionError(str(finding))


def told(options: object) -> str:
    """Say with which options something was tried; nothing for the defaults.

    >>> told({"alpha": 2.0}), told({})
    (' (with alpha = 2.0)', '')
    """
    if not isinstance(options, dict) or not options:
        return ""
    return f" (with {', '.join(f'{name} = {show(value)}' for name, value in options.items())})"
