"""The error of unusable input, and its words for options."""

from __future__ import annotations

import click as plain
import rich_click as click

from harness.complaints import printable_lines


class WrongInput(click.ClickException):
    """Input of the user that cannot be used. It ends the call with one message and status 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


def number_wanted(error: plain.BadParameter) -> str:
    """Return which number an option takes, if it was given something else. Otherwise return click's message."""
    kind = error.param.type if error.param is not None else None
    found, refused, _ = error.message.partition(" is not ")
    if not refused or not isinstance(kind, (plain.types.IntParamType, plain.types.FloatParamType)):
        return error.message
    wanted = "a whole number" if isinstance(kind, plain.types.IntParamType) else "a number"
    if isinstance(kind, (plain.IntRange, plain.FloatRange)):
        if kind.min is not None and kind.max is not None:
            wanted += f" from {kind.min} to {kind.max}"
        elif kind.min is not None:
            wanted += f" of at least {kind.min}"
    return f"found {found}, expected {wanted}"
