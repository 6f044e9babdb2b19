"""The command line. Each verb has a module, which is loaded when the verb is called."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
import warnings
from types import FrameType
from typing import Any

import rich_click as click

from harness import __version__
from harness.standard_output import set_aside

click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"  # rich-click joins paragraphs otherwise

VERBS = {
    "run": "harness.cli.run",
    "plan": "harness.cli.plan",
    "width": "harness.cli.width",
    "trial": "harness.cli.trial",
    "report": "harness.cli.report",
    "compare": "harness.cli.compare",
    "verify": "harness.cli.verify",
    "export": "harness.cli.export",
    "merge": "harness.cli.merge",
    "theory": "harness.cli.theory",
    "plugins": "harness.cli.plugins",
    "new": "harness.cli.new",
    "doctor": "harness.cli.doctor",
}
"""Module of each verb. It has a command named ``command``."""

COMMANDS = "harness.commands"
"""Key of the click context under which a call keeps the verbs of plugins."""


class Verbs(click.RichGroup):
    """The verbs of the harness, and those that plugins add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all verbs, those of the harness first."""
        return [*VERBS, *sorted(_from_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb. Plugins are loaded only if it is not a verb of the harness."""
        if cmd_name in VERBS:
            command: click.Command = importlib.import_module(VERBS[cmd_name]).command
            return command
        return _from_plugins(ctx).get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb.

        An unknown name of a plugin to block is wrong input. Complaints of click about numbers are reworded like all
        others, in verbs of plugins as well.
        """
        from harness.plugin_host.registry import UnknownName

        try:
            return super().invoke(ctx)
        except UnknownName as error:
            from harness.cli.wrong_input import WrongInput

            raise WrongInput(str(error)) from error
        except click.BadParameter as error:
            from harness.cli.wrong_input import number_wanted

            said = number_wanted(error)
            if said == error.message:
                raise
            raise click.BadParameter(said, error.ctx, error.param, error.param_hint) from error

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the verb, or name the nearest one if there is none."""
        from harness.complaints import nearest

        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            close = nearest(name, self.list_commands(ctx))
            hint = f"; did you mean {close!r}?" if close else f"; there are {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"there is no verb {name!r}{hint}", ctx)
        if not ctx.resilient_parsing and not set(ctx.help_option_names).intersection(args):
            _one_thread()
            if name in VERBS:
                ctx.with_resource(set_aside())
            else:
                from harness.cli.streams import give_back

                give_back()
        return super().resolve_command(ctx, args)


def _one_thread() -> None:
    """Limit BLAS to one thread. On a busy machine, threads that wait for each other are a hundred times slower."""
    import numpy  # noqa: F401  # its BLAS must be loaded before the limit is set
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _from_plugins(ctx: click.Context) -> dict[str, Any]:
    """Return the verbs that plugins add. Plugins are loaded once per call, with this hook alone."""
    found: dict[str, Any] | None = ctx.meta.get(COMMANDS)
    if found is None:
        from harness.plugin_host.loading import load_plugins

        with set_aside():
            commands = load_plugins(kinds=["command"]).commands()
        found = ctx.meta[COMMANDS] = {name: command for name, command in commands.items() if name not in VERBS}
    return found


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def command() -> None:
    """Measure how wide a shallow network must be for gradient descent to fit, and compare with the theories.

    \b
    harness run quickstart           train, measure, and print the table
    harness theory --n 200 --d 20    what each theory asks for, without training
    harness width mine.csv           which width own data need
    """


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """Stop in good order at the first signal, and at once at the second.

    No results are lost in either case: batches are stored completely or not at all, and workers end with this process.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(130))
    raise KeyboardInterrupt


_located = warnings.formatwarning


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Return the text of a warning. One that is meant for users has no line of code."""
    if category is UserWarning and f"{os.sep}harness{os.sep}" in filename:
        return f"Warning: {message}\n"
    return _located(message, category, filename, lineno, line)


def main() -> None:
    """Run the command line. Wrong input ends it with status 2 and one message, never with a traceback."""
    from harness.cli.streams import LOST, take_over

    _collect_later()
    warnings.formatwarning = _one_line
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs ignore the signal
            signal.signal(number, _interrupted)
    if "_HARNESS_COMPLETE" in os.environ:
        from harness.cli.shells import register

        register()
    output = take_over()
    try:
        status = _status()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # click exits if a pipe was closed
        if output is None or not output.unread:
            raise
    if output is not None and output.unread:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())  # buffered output is discarded
        status = 128 + signal.SIGPIPE
    elif output is not None and output.failure:
        click.echo(f"standard output could not be written: {output.failure}", err=True)
        status = LOST
    sys.stdout = sys.stderr  # for what plugins print at exit
    _end_beside_threads(status)
    if not _counts_objects():
        gc.freeze()  # Python would search all objects for garbage as it ends, which takes up to a fifth of the time
    sys.exit(status)


LATER = 200_000
"""Number of new objects at which Python first searches for garbage. ``import torch`` alone makes more."""


def _collect_later() -> None:
    """Put off the first search for garbage until most verbs are over or torch is imported. What is imported is none."""
    first, *others = gc.get_threshold()

    def restore(phase: str, _: dict[str, int]) -> None:
        if phase == "stop":
            gc.callbacks.remove(restore)
            gc.set_threshold(first, *others)

    if 0 < first < LATER:
        gc.callbacks.append(restore)
        gc.set_threshold(LATER, *others)


def _counts_objects() -> bool:
    """Return whether a library made with nanobind is loaded, such as Triton: it prints which objects are left."""
    return any(type(one).__module__ == "nanobind" for one in object.__subclasses__())


def _end_beside_threads(status: int) -> None:
    """End this process if plugins left threads in it, for which Python would wait."""
    from harness.executors.leftovers import lasting_threads

    if lasting_threads():
        atexit._run_exitfuncs()  # which come after the threads otherwise
        with contextlib.suppress(Exception):  # a plugin may have closed it
            sys.stderr.flush()
        os._exit(status)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that is full, of a user's share of it, and of a file that is too long for it."""


def _status() -> int:
    """Run the verb and return the exit status."""
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 3 if _can_go_on(error.__cause__) else error.exit_code
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        click.echo(f"Error: {str(error.filename)[:80]}…: {error.strerror}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return 130
    return status if isinstance(status, int) else 0


def _can_go_on(error: BaseException | None) -> bool:
    """Return whether another program locks a results file or the disk is full, neither of which is wrong input."""
    if error is None:
        return False
    from harness.store import LockedError

    return isinstance(error, LockedError) or (isinstance(error, OSError) and error.errno in FULL)
