"""The command line: one verb a file, loaded when it is called."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType
from typing import Any

import rich_click as click
from threadpoolctl import threadpool_limits

from harness import __version__

click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"  # rich-click joins paragraphs otherwise

VERBS = {
    "run": "harness.cli.run",
    "plan": "harness.cli.plan",
    "report": "harness.cli.report",
    "theory": "harness.cli.theory",
    "plugins": "harness.cli.plugins",
    "doctor": "harness.cli.doctor",
}
"""Verb → module with a command named ``command``."""


class Verbs(click.RichGroup):
    """Our verbs, and those that plugins add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all verbs, ours first."""
        return [*VERBS, *sorted(_from_plugins())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, loading plugins only if it is none of ours."""
        if cmd_name in VERBS:
            command: click.Command = importlib.import_module(VERBS[cmd_name]).command
            return command
        return _from_plugins().get(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the verb; name the nearest one if there is none."""
        from harness.complaints import nearest

        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            close = nearest(name, self.list_commands(ctx))
            hint = f"; did you mean {close!r}?" if close else f"; there are {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"there is no verb {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


def _from_plugins() -> dict[str, Any]:
    from harness.plugins import load_plugins

    return {name: command for name, command in load_plugins().commands().items() if name not in VERBS}


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def command() -> None:
    """Measure how wide a shallow network must be for gradient descent to fit, and compare with the theories.

    \b
    harness run quickstart           train, measure, and print the table
    harness theory --n 200 --d 20    what each theory asks for, without training
    """  # noqa: D301  # \b keeps the lines apart in the help


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """Treat a request to end as an interrupt: what is finished is saved, and how to go on is said."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; wrong input ends it with status 2 and one message, never a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    threadpool_limits(1)  # threads that wait for each other are slowed a hundredfold by a busy neighbour
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # a pipe was closed on us, by head for example
        sys.stderr.close()
        sys.exit(128 + signal.SIGPIPE)
    sys.exit(status if isinstance(status, int) else 0)
