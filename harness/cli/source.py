"""The source of the results that a verb reads: a run directory, an archive, or the name of a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.session.reading import Source


def read_source(source: str, plugin_files: tuple[str, ...], *, trust: bool) -> Source:
    """Read results. An archive stays unpacked until the verb ends.

    Args:
        source: A run directory, an archive, the name of a suite that ran here, or a suite file.
        plugin_files: Files with further components, named by the user.
        trust: Whether to load plugin files that the data name from anywhere.

    Returns:
        The results with their source.

    Raises:
        WrongInput: If there are no results, or if they cannot be read.
    """
    from harness.exchange.archive import ArchiveError
    from harness.session.reading import opened
    from harness.store import StoreError

    try:
        return click.get_current_context().with_resource(opened(source, plugin_files, trust_plugins=trust))
    except (
        StoreError,
        ArchiveError,
        ValueError,
    ) as error:  # the last: suites, regimes, lost data
        raise WrongInput(str(error)) from error
