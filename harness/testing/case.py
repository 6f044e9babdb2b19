"""Checks, their subjects, and their findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.complaints import printable, show

if TYPE_CHECKING:
    from harness.plugin_host.registry import Kind, Plugin, Registry

WITH = re.compile(r" \(with [^()]*\)")
"""Options in a message, as :func:`told` writes them."""

STOPPED = " It could not be checked: "
"""Words between the rule of a check and the exception that stopped it."""

Status = Literal["passed", "failed", "skipped"]


class NotApplicable(Exception):
    """A check that does not apply to its subject. The message says why."""


@dataclass(frozen=True)
class Subject:
    """One thing that a plugin provides, or the plugin itself.

    Attributes:
        kind: Kind of component, or ``plugin`` for the plugin itself.
        name: Name in suites.
        item: The class, regime, command or plugin.
        plugin: Plugin that provides it.
        registry: All plugins, for further components that a check needs.
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
        name: Name of one or two words.
        kinds: Kinds that the rule applies to.
        run: Function that yields one message per fault, which says what to change.
    """

    name: str
    kinds: tuple[str, ...]
    run: Callable[[Subject], Iterator[str]] = field(repr=False)

    @property
    def rule(self) -> str:
        """The rule on one line."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Finding:
    """The result of one check of one subject.

    Attributes:
        subject: The subject.
        check: The check.
        status: ``skipped`` if the check does not apply.
        messages: Faults and what to change, or the reason for skipping, each on one line.
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
        subject: The subject.
        check: The check.
    """

    subject: Subject
    check: Check

    def __str__(self) -> str:
        return f"{self.subject.kind}-{self.subject.name}-{self.check.name}".replace(" ", "-")

    def find(self) -> Finding:
        """Run the check. A check that raises has failed, with the reason."""
        try:
            messages = _each_fault(self.check.run(self.subject))
            status: Status = "failed" if messages else "passed"
        except NotApplicable as reason:
            messages, status = (str(reason),), "skipped"
        except Exception as error:
            messages = (f"{self.check.rule}{STOPPED}{type(error).__name__}: {error}",)
            status = "failed"
        lines = tuple(printable(message)[:600] for message in messages)
        return Finding(str(self.subject), self.check.name, status, lines)

    def demand(self) -> None:
        """Run the check.

        Raises:
            AssertionError: If it failed. The message says what to change.
        """
        finding = self.find()
        if finding.status == "failed":
            raise AssertionError(str(finding))


def _each_fault(messages: Iterable[str]) -> tuple[str, ...]:
    """Return messages once each. One about options is left out if it says of the defaults the same.

    >>> _each_fault(["it fails", "it fails (with c = 0.5)", "it lags (with c = 0.5)"])
    ('it fails', 'it lags (with c = 0.5)')
    """
    every = dict.fromkeys(messages)
    return tuple(one for one in every if (plain := WITH.sub("", one, count=1)) == one or plain not in every)


def told(options: object) -> str:
    """Return the options with which something was tried as text, or an empty string for the defaults.

    >>> told({"alpha": 2.0}), told({})
    (' (with alpha = 2.0)', '')
    """
    if not isinstance(options, dict) or not options:
        return ""
    return f" (with {', '.join(f'{name} = {show(value)}' for name, value in options.items())})"
