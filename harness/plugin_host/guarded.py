"""Calls in which code of third-party plugins takes part, made where they can be ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from harness.components import Component, Regime

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

T = TypeVar("T")

SECONDS = 600.0
"""Longest time of a call without a suite, which has its own limit, in seconds."""


def guarded(
    call: Callable[[], T],
    components: Sequence[Component | Regime],
    registry: Registry | None,
    *,
    subject: str,
    seconds: float = SECONDS,
) -> T:
    """Call a function, in a process of its own if a third-party plugin provides one of the components.

    Args:
        call: Function of a module, with its arguments in a ``functools.partial``.
        components: Components and regimes that take part.
        registry: The plugins, or None to call the function here.
        subject: What an error says that did not answer, such as ``dataset 'mine'``.
        seconds: Longest time in seconds.

    Returns:
        The result of the function.

    Raises:
        Unanswered: If the call hung or ended the process.
        ValueError: If the function raised an exception there.
    """
    if registry is None or not is_third_party(registry, *components):
        return call()
    found: T = registry.process.call(call, seconds=seconds, subject=subject)
    return found


def is_third_party(registry: Registry, *subjects: Component | Regime) -> bool:
    """Return whether a third-party plugin provides one of these components, or a part of one."""
    for subject in subjects:
        if type(subject) in registry.third_party or is_third_party(registry, *_parts(subject)):
            return True
    return False


def _parts(subject: Component | Regime) -> Sequence[Component]:
    if isinstance(subject, Regime):
        return (subject.model, subject.initializer, subject.optimizer, subject.criterion, *subject.diagnostics)
    return tuple(subject.parts().values())
