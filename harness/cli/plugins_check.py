"""The verb ``harness plugins check``, which checks a plugin against the contract and says what to change."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli import completion
from harness.cli.options import PLUGINS
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.testing.case import Finding


@click.command("check")
@click.argument("name", metavar="NAME|FILE", shell_complete=completion.of_plugins("plugin"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every check with its result.")
@click.option("--verbose", "-v", is_flag=True, help="Say why checks were skipped, too.")
@PLUGINS
def check(name: str, as_json: bool, verbose: bool, plugin_files: tuple[str, ...]) -> int:
    """Check everything that a plugin provides: gradients, fast paths, purity, bounds, texts.

    NAME is the name of an installed plugin, of its package, or of a Python file, which is loaded first. Each failure
    says what to change. The exit status is 0 if all checks passed, 1 if some failed, and 2 if there is no such plugin.

    \b
    harness plugins check my_theory.py
    harness plugins check builtin --verbose
    """
    from harness.plugin_host.loading import load_plugins
    from harness.plugin_host.registry import UnknownName
    from harness.testing.conformance import check_plugin

    file = Path(name).expanduser()
    is_file = name.endswith(".py") or file.is_file()
    if is_file and not file.is_file():
        raise WrongInput(f"there is no file {name}")
    registry = load_plugins((*plugin_files, name) if is_file else plugin_files)
    try:
        findings = check_plugin(registry, str(file.resolve()) if is_file else name)
    except UnknownName as error:
        raise WrongInput(f"{error}; see: harness plugins list") from error
    failed = any(finding.status == "failed" for finding in findings)
    if as_json:
        from harness.report.json_text import dumps

        echo(dumps({"findings": [dataclasses.asdict(finding) for finding in findings]}), nl=False)
    else:
        _print(findings, verbose=verbose)
    return 1 if failed else 0


def _print(findings: list[Finding], *, verbose: bool) -> None:
    """Print one line per subject, and its failures below."""
    from harness.components.numbers import to_encoding
    from harness.report.terminal import console_for
    from harness.report.wrapping import wrap
    from harness.testing.regimes import BESIDE

    console = console_for()
    subjects = list(dict.fromkeys(finding.subject for finding in findings))
    widest = min(max(map(len, subjects)), 36)
    for subject in subjects:
        own = [finding for finding in findings if finding.subject == subject]
        count = {status: sum(f.status == status for f in own) for status in ("passed", "failed", "skipped")}
        parts = [f"{number} {status}" for status, number in count.items() if number]
        style = "red" if count["failed"] else "green"
        console.print(to_encoding(f"{subject:<{widest}}  {', '.join(parts)}", console.encoding), style=style)
        for finding in own:
            if finding.status == "failed" or (finding.status == "skipped" and (verbose or finding.check == BESIDE)):
                for message in finding.messages:
                    text = to_encoding(f"{finding.check}: {message}", console.encoding)
                    for number, line in enumerate(wrap(text, console.width - 6)):
                        console.print(("    " if number == 0 else "      ") + line)
    total = {status: sum(f.status == status for f in findings) for status in ("passed", "failed", "skipped")}
    skipped = f", {total['skipped']} did not apply" if total["skipped"] else ""
    console.print(f"{total['passed']} checks passed, {total['failed']} failed{skipped}.")
