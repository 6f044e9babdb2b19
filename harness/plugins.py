"""Finds and loads plugins, each on its own: one that fails is listed as broken and costs nobody else anything."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import inspect
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from harness import hookspecs
from harness.complaints import nearest, printable, shorten, show
from harness.composition import component_from
from harness.contract import HOOKS, ContractError, collect
from harness.registry import AmbiguousName, Kind, Plugin, Registry, UnknownName

__all__ = ["AmbiguousName", "Plugin", "Registry", "UnknownName", "component_from", "load_plugins"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GROUP = "harness"


def load_plugins(
    files: Iterable[str | Path] = (),
    block: Iterable[str] = (),
    *,
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
) -> Registry:
    """Load the installed plugins and these files.

    Args:
        files: Python files with hook implementations.
        block: Plugins not to load, by name or by package.
        entry_points: What to load instead of the installed entry points.

    Returns:
        The registry; plugins that failed are in it with status ``broken`` and the reason.

    Raises:
        UnknownName: ``block`` has a name that no plugin has.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=GROUP)
    found: list[tuple[Plugin, Callable[[], Any]]] = []
    seen: set[tuple[str, str]] = set()
    for point in sorted(entry_points, key=lambda point: (point.name, point.value)):
        if (point.name, point.value) not in seen:  # an editable installation may be listed twice
            seen.add((point.name, point.value))
            found.append((_describe_point(point), point.load))
    paths = dict.fromkeys(Path(file).expanduser().resolve() for file in files)
    found.extend((_describe_file(path), functools.partial(_import_file, path)) for path in paths)

    blocked = set(block)
    names = {name for plugin, _ in found for name in (plugin.name, plugin.package)}
    for name in sorted(blocked - names):
        raise UnknownName(f"there is no plugin {show(name)} to block", name, nearest(name, names))
    plugins = [
        replace(plugin, status="blocked") if blocked & {plugin.name, plugin.package} else _load(plugin, load, manager)
        for plugin, load in found
    ]
    return Registry(tuple(plugins))


def _describe_point(point: importlib.metadata.EntryPoint) -> Plugin:
    dist = point.dist
    package, version = (dist.name, dist.version) if dist is not None else (point.value.partition(".")[0], "")
    return Plugin(point.name, package, version, point.value)


def _describe_file(path: Path) -> Plugin:
    try:
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    except OSError:
        version = ""  # the reason comes when it is loaded
    return Plugin(path.stem, path.stem, version, str(path), is_file=True)


def _import_file(path: Path) -> Any:
    if not path.exists():
        raise ContractError("there is no such file")
    if not path.is_file():
        raise ContractError("it is not a file")
    source = path.read_bytes()
    digest = hashlib.sha256(str(path).encode() + b"\0" + source).hexdigest()[:16]
    name = f"harness_file_{digest}"
    if name in sys.modules:  # the same text gives the same classes, however many registries there are
        return sys.modules[name]
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None  # it is None only where a loader refuses
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[name] = module  # types of options are looked up there
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load(plugin: Plugin, load: Callable[[], Any], manager: pluggy.PluginManager) -> Plugin:
    start = time.perf_counter()
    key = f"{plugin.package}:{plugin.name} at {plugin.origin}"
    subject: Any = None
    try:
        subject = load()
        hooks, provided = _register(subject, key, manager)
        result = replace(plugin, hooks=hooks, provided=provided)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin that calls sys.exit() may not end the run
        if subject is not None and manager.get_plugin(key) is subject:
            manager.unregister(name=key)
        trace = "".join(traceback.format_exception(error))
        result = replace(plugin, status="broken", reason=_reason(error), traceback=trace)
    return replace(result, seconds=time.perf_counter() - start)


def _reason(error: BaseException) -> str:
    """Say on one printable line why a plugin could not be loaded."""
    try:
        text = printable(str(error))[:500]
    except Exception:
        text = ""
    if isinstance(error, ContractError):
        return text
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"SyntaxError in line {error.lineno}: {shorten(printable(str(error.msg)))}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _register(
    subject: Any, key: str, manager: pluggy.PluginManager
) -> tuple[tuple[str, ...], dict[Kind, dict[str, Any]]]:
    """Register a plugin's hooks, call each, and return their names and what they provide."""
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
                provided[HOOKS[caller.name]] = collect(caller.name, implementation.function())
    return tuple(caller.name for caller in callers), provided


def _check_unmarked(subject: Any) -> None:
    """Refuse a hook without its mark: it would be ignored in silence."""
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
