"""Discovery and loading of plugins. Each plugin is loaded on its own, so one that fails does not affect the others."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from harness import __version__
from harness.complaints import nearest, printable, shorten, show
from harness.components import hookspecs
from harness.plugin_host.checks import HOOKS, ContractError, collect
from harness.plugin_host.registry import (
    DISTRIBUTION,
    KINDS,
    AmbiguousName,
    HookCall,
    Kind,
    Plugin,
    Registry,
    UnknownName,
)

__all__ = ["AmbiguousName", "Plugin", "Registry", "UnknownName", "load_plugins"]

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

GROUP = "harness"
BLOCK = "HARNESS_PLUGIN_BLOCK"
NO_THIRD_PARTY = "HARNESS_NO_THIRD_PARTY"
"""Environment variables that choose among plugins, for this process and for the workers that it starts."""

MOVED = {
    "harness.ActivationName": "harness.Activation",
    "harness.activations": "harness.mathematics.activations",
    "harness.conditions": "harness.claims.conditions",
    "harness.executors.base": "harness",
    "harness.kernels": "harness.mathematics.kernels",
    "harness.lanes": "harness.engine.lanes",
    "harness.report.table": "harness",
    "harness.spectra": "harness.mathematics.spectra",
}
"""Modules and names that plugins of version 0.1 could import, and where they are now."""

NEEDS = re.compile(r"convergence[-_.]+harness(?![-_.\w])", re.IGNORECASE)
"""A requirement on the harness itself, in any spelling of its name."""


def load_plugins(
    files: Iterable[str | Path] = (),
    block: Iterable[str] = (),
    *,
    third_party: bool = True,
    kinds: Iterable[Kind] = KINDS,
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
    texts: Mapping[str, bytes | None] | None = None,
) -> Registry:
    """Load the installed plugins and plugin files.

    Args:
        files: Python files with hook implementations.
        block: Plugins not to load, by name, by package, or as ``package:name``. The environment variable
            ``HARNESS_PLUGIN_BLOCK`` adds names, separated by commas.
        third_party: Whether to load installed plugins that do not come with the harness. Files are always loaded. The
            environment variable ``HARNESS_NO_THIRD_PARTY`` turns this off.
        kinds: Kinds of hooks to call.
        entry_points: Entry points to load in place of the installed ones.
        texts: Texts to load in place of those that the files have now, by path.

    Returns:
        The registry. Plugins that failed have the status ``broken`` and the reason.

    Raises:
        UnknownName: If ``block`` has a name that no plugin has.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=GROUP)
    found: list[tuple[Plugin, Callable[[], Any]]] = []
    seen: set[tuple[str, str]] = set()
    for point in sorted(entry_points, key=lambda point: (point.name, point.value)):
        if (point.name, point.value) not in seen:  # editable installations may be listed twice
            seen.add((point.name, point.value))
            found.append((_describe_point(point), point.load))
    paths = dict.fromkeys(Path(file).expanduser().resolve() for file in files)
    stems: dict[str, Path] = {}
    for path in paths:
        first = stems.setdefault(path.stem, path)
        plugin = _describe_file(path, (texts or {}).get(str(path)))
        if first == path:
            found.append((plugin, functools.partial(_import_file, path, plugin.source)))
        else:
            found.append((plugin, functools.partial(_refuse_twin, first)))

    blocked, wanted = {*block, *filter(None, os.environ.get(BLOCK, "").split(","))}, frozenset(kinds)
    if wanted - {"command"}:
        import harness.components
        import harness.plugin_host.options  # noqa: F401  # imported here so that its time is not counted for the first plugin
    third_party = third_party and not os.environ.get(NO_THIRD_PARTY)
    names = {name for plugin, _ in found for name in plugin.names}
    for name in sorted(blocked - names):
        close = nearest(name, {short for short in names if ":" not in short})
        raise UnknownName(f"there is no plugin {show(name)} to block", name, close)
    plugins = []
    for plugin, load in found:
        foreign = not third_party and not plugin.is_file and plugin.package != DISTRIBUTION
        if foreign or blocked.intersection(plugin.names):
            plugins.append(replace(plugin, status="blocked"))
        else:
            plugins.append(_load(plugin, load, manager, wanted))
    return Registry(tuple(plugins))


def _describe_point(point: importlib.metadata.EntryPoint) -> Plugin:
    if point.dist is None:
        return Plugin(point.name, point.value.partition(".")[0], "", point.value)
    package, version, needs = _describe_package(point.dist)
    return Plugin(point.name, package, version, point.value, needs=needs)


@functools.lru_cache(maxsize=64)
def _describe_package(dist: importlib.metadata.Distribution) -> tuple[str, str, tuple[str, ...]]:
    """Return name, version and what a package needs of the harness. Whoever asks for one has the file parsed anew."""
    known = dist.metadata
    return known["Name"], known["Version"], tuple(filter(NEEDS.match, known.get_all("Requires-Dist", ())))


def _describe_file(path: Path, text: bytes | None = None) -> Plugin:
    """Return a plugin file with its text, which is read once, so that its digest is that of what is loaded.

    Args:
        path: The file.
        text: Text to load in place of that of the file.
    """
    try:
        source = path.read_bytes() if text is None else text
    except OSError:
        return Plugin(path.stem, path.stem, "", str(path), is_file=True)  # loading reports the reason
    return Plugin(path.stem, path.stem, hashlib.sha256(source).hexdigest()[:8], str(path), is_file=True, source=source)


def _refuse_twin(first: Path) -> Any:
    """Refuse a file whose components no name would distinguish from those of another file.

    Raises:
        ContractError: Always.
    """
    raise ContractError(f"{first} was named first, and files of one name cannot be told apart: rename one of them")


def _import_file(path: Path, source: bytes | None) -> Any:
    if source is None:
        if not path.exists():
            raise ContractError("there is no such file")
        if not path.is_file():
            raise ContractError("it is not a file")
        source = path.read_bytes()  # raises what it raised before
    if path.suffix != ".py":
        raise ContractError("a plugin is a Python file, whose name ends in .py")
    digest = hashlib.sha256(str(path).encode() + b"\0" + source).hexdigest()[:16]
    name = f"harness_file_{digest}"
    if name in sys.modules:  # several registries share the classes of one file
        return sys.modules[name]
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None  # None only if a loader refuses the file
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[name] = module  # pydantic looks up the types of options there
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load(plugin: Plugin, load: Callable[[], Any], manager: pluggy.PluginManager, wanted: Collection[Kind]) -> Plugin:
    start = time.perf_counter()
    key = f"{plugin.package}:{plugin.name} at {plugin.origin}"
    subject: Any = None
    calls: list[HookCall] = []
    try:
        _check_version(plugin)
        subject = load()
        hooks, provided = _register(subject, key, manager, wanted, calls)
        result = replace(plugin, hooks=hooks, provided=provided)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a plugin must not end the run
        if subject is not None and manager.get_plugin(key) is subject:
            manager.unregister(name=key)
        trace = "".join(traceback.format_exception(error))
        result = replace(plugin, status="broken", reason=_reason(error), traceback=trace)
    return replace(result, calls=tuple(calls), seconds=time.perf_counter() - start)


def _check_version(plugin: Plugin) -> None:
    """Refuse a package that was made for another version of the harness.

    Raises:
        ContractError: If its metadata require another version.
    """
    for line in plugin.needs:
        from packaging.requirements import Requirement  # imported late to keep start-up short

        needed = Requirement(line)
        if not needed.specifier.contains(__version__, prereleases=True):
            raise ContractError(
                f"it needs {DISTRIBUTION}{needed.specifier}, and this is {__version__}: install others that fit"
            )


def _reason(error: BaseException) -> str:
    """Return on one printable line why a plugin could not be loaded."""
    try:
        text = printable(str(error))[:500]
    except Exception:
        text = ""
    if isinstance(error, ContractError):
        return text
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"SyntaxError in line {error.lineno}: {shorten(printable(str(error.msg)))}"
    if isinstance(error, ImportError) and (moved := _moved(error)):
        return f"{moved} is now {MOVED[moved]}: change the import"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _moved(error: ImportError) -> str:
    """Return the module that an import failed for, if it is one that was moved, or an empty string."""
    asked = re.search(r"cannot import name '(\w+)' from 'harness'", str(error))
    name = f"harness.{asked[1]}" if asked else str(error.name)
    return name if name in MOVED else ""


def _register(
    subject: Any, key: str, manager: pluggy.PluginManager, wanted: Collection[Kind], calls: list[HookCall]
) -> tuple[tuple[str, ...], dict[Kind, dict[str, Any]]]:
    """Register the hooks of a plugin and call those that are wanted. Return their names and what they provide."""
    _check_unmarked(subject)
    if twin := manager.get_name(subject):
        raise ContractError(f"it is the same module as {twin}")
    try:
        manager.register(subject, name=key)
    except pluggy.PluginValidationError as error:
        raise ContractError(_signature_reason(subject, manager) or str(error)) from error
    callers = manager.get_hookcallers(subject) or []
    if not callers:
        raise ContractError("it has no hook: mark functions such as harness_models with @hookimpl")
    provided: dict[Kind, dict[str, Any]] = {}
    for caller in callers:
        if caller.name not in HOOKS:
            close = nearest(caller.name, HOOKS) or nearest(f"harness_{caller.name}", HOOKS)
            hint = f"; did you mean {close}?" if close else f"; there are {', '.join(HOOKS)}"
            raise ContractError(f"{caller.name} is not a hook of the harness{hint}")
        for implementation in caller.get_hookimpls():
            if implementation.plugin is subject:
                if implementation.wrapper or implementation.hookwrapper:
                    raise ContractError(f"{caller.name} is a wrapper; hooks only return what they provide")
                if HOOKS[caller.name] in wanted:
                    _call(caller.name, implementation.function, provided, calls)
    return tuple(caller.name for caller in callers), provided


def _call(hook: str, function: Callable[[], Any], provided: dict[Kind, dict[str, Any]], calls: list[HookCall]) -> None:
    """Call one implementation of a hook. Add what it provides, and record the call."""
    kind, start = HOOKS[hook], time.perf_counter()
    try:
        items = collect(hook, function())
    except BaseException as error:
        calls.append(HookCall(hook, (), time.perf_counter() - start, _reason(error)))
        raise
    calls.append(HookCall(hook, tuple(items), time.perf_counter() - start))
    for name, item in items.items():
        if provided.get(kind, {}).get(name, item) is not item:
            raise ContractError(f"{hook} returned two of the name {show(name)}")
    provided[kind] = provided.get(kind, {}) | items


def _check_unmarked(subject: Any) -> None:
    """Refuse a hook without ``@hookimpl``, which pluggy would ignore silently."""
    for name in HOOKS:
        function = inspect.getattr_static(subject, name, None)
        own = inspect.isfunction(function) and function.__module__ == getattr(subject, "__name__", None)
        if own and not hasattr(function, f"{GROUP}_impl"):
            raise ContractError(f"{name} is not marked with @hookimpl")


def _signature_reason(subject: Any, manager: pluggy.PluginManager) -> str:
    for name in HOOKS:
        if manager.parse_hookimpl_opts(subject, name) is not None:
            arguments, _ = pluggy._hooks.varnames(getattr(subject, name))
            if arguments:
                return f"{name} takes {', '.join(arguments)}, but the hooks of the harness take no arguments"
    return ""
