"""The costs, fates and pilots that were measured on a machine, kept in a file beside the compiled kernels.

The file says how busy other programs kept the machine meanwhile, since they lengthen processor time as well: they take
their part of caches and memory, and of cores that are two threads of one. What was measured on a busy machine is
measured anew when it is quiet. Costs and times of fates grow: sizes that a suite asks for, and that are not near those
of earlier ones, are timed and added.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harness.draft import replace_text
from harness.engine.costs import Costs
from harness.engine.draws import digest
from harness.engine.fate_costs import Fates, followed
from harness.engine.fused.build import cache_directory
from harness.engine.machine_load import BUSY, MachineLoad, Stopwatch
from harness.engine.pilots import Pilot, Pilots
from harness.engine.processor import processor
from harness.engine.timed import Size, Timed, covered, lacking

if TYPE_CHECKING:
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

Measured = TypeVar("Measured", Costs, Fates, Pilots)
Sized = TypeVar("Sized", Costs, Fates)

VERSION = 10
"""Raised when terms or sizes of what is kept change."""

LENGTHS: dict[str, tuple[int, ...]] = {"prepare": (0, 6), "step": (0, 5), "visit": (0, 6), "few": (0, 5)}
"""Numbers of weights that the costs of a kind of trial may have."""

FATES: dict[str, tuple[int, ...]] = {"further": (0, 5), "leap": (0, 3)}
"""The same of its fates."""


@dataclass(frozen=True)
class Kept(Generic[Measured]):
    """A measurement, and how busy the machine was.

    Attributes:
        found: What was measured.
        busy: Work of other programs meanwhile, as a share of the cores or of the time of what was measured.
    """

    found: Measured
    busy: float

    @property
    def trusted(self) -> bool:
        """Whether the machine was quiet enough."""
        return self.busy <= BUSY


def measured_before(device: str) -> bool:
    """Return whether anything was measured on this machine.

    Args:
        device: Where networks are trained.
    """
    return _file(device).exists()


def costs_of(
    setting: Setting, registry: Registry, sizes: Sequence[Size], *, measure: bool = True
) -> Kept[Costs] | None:
    """Return the costs of a setting without code of third parties, from the file or measured now and kept.

    Its problems are replaced by random ones with as many outputs, which have every size. A file that is damaged or
    cannot be read counts as empty, and is written anew if it can be.

    Args:
        setting: What is trained.
        registry: The plugins.
        sizes: Sizes that are trained at.
        measure: Whether to measure costs that are not in the file. Otherwise None is returned.
    """

    def call(watch: Stopwatch, known: Sequence[Timed]) -> Costs:
        from harness.engine.probe import measured

        random = _with_random_problems(setting, registry)
        return Costs.of(setting, (*known, *measured(random, lacking(setting, sizes, known), watch)))

    return _timed(_key(setting, registry), setting, sizes, _costs, call if measure else None)


def fates_of(
    setting: Setting, registry: Registry, sizes: Sequence[Size], *, measure: bool = True
) -> Kept[Fates] | None:
    """Return the time of the fates of a setting without code of third parties, from the file or measured now and kept.

    Args:
        setting: What is trained, with a continuation.
        registry: The plugins.
        sizes: Sizes that are trained at.
        measure: Whether to measure what is not in the file. Otherwise None is returned.
    """
    continuation = followed(setting)
    assert continuation is not None

    def call(watch: Stopwatch, known: Sequence[Timed]) -> Fates:
        from harness.engine.fate_costs import measured_fates

        random = _with_random_problems(setting, registry)
        return Fates.of(setting, (*known, *measured_fates(random, lacking(setting, sizes, known), watch)))

    key = f"fates-{digest([_key(setting, registry), continuation.identity()])[:20]}"
    return _timed(key, setting, sizes, _fates, call if measure else None)


def pilots_of(named: Any, device: str, call: Callable[[Stopwatch], Pilots], *, measure: bool = True) -> Pilots | None:
    """Return pilots without code of third parties, from the file or trained now and kept.

    Other programs do not change what becomes of them.

    Args:
        named: Plain data of all that decides it.
        device: Where networks are trained.
        call: Trains them.
        measure: Whether to train pilots that are not in the file. Otherwise None is returned.
    """

    def train(watch: Stopwatch, _known: Pilots | None) -> Pilots:
        return call(watch)

    kept = _kept(f"pilots-{digest(named)[:20]}", device, _pilots, train if measure else None, quiet=True)
    return None if kept is None else kept.found


def _timed(
    key: str,
    setting: Setting,
    sizes: Sequence[Size],
    read: Callable[[Any], Sized | None],
    measure: Callable[[Stopwatch, Sequence[Timed]], Sized] | None,
) -> Kept[Sized] | None:
    """Return what the file has under a key if it was timed near all sizes, or what is measured now."""

    def call(watch: Stopwatch, known: Sized | None) -> Sized:
        assert measure is not None
        return measure(watch, known.timed if known is not None else ())

    def enough(known: Sized) -> bool:
        return covered(setting, sizes, known.timed)

    return _kept(key, setting.device, read, call if measure else None, enough=enough)


def _kept(
    key: str,
    device: str,
    read: Callable[[Any], Measured | None],
    measure: Callable[[Stopwatch, Measured | None], Measured] | None,
    *,
    enough: Callable[[Measured], bool] = lambda _: True,
    quiet: bool = False,
) -> Kept[Measured] | None:
    """Return what the file has under a key, or what is measured now, which is kept there.

    Args:
        key: The key.
        device: Where networks are trained.
        read: Returns what a record has, or None if it is of another kind or damaged.
        measure: Measures it, in addition to what is known, or None if it is not to be measured.
        enough: Whether what is known suffices.
        quiet: Whether it does not depend on how busy the machine is.
    """
    path = _file(device)
    record = _read(path).get(key)
    known = read(record["measured"]) if record is not None and _is_record(record) else None
    old = None if record is None or known is None else Kept(known, record["busy"])
    whole = old is not None and enough(old.found)
    if measure is None:
        return old if whole else None
    now = MachineLoad.now()
    if old is not None and not (old.trusted or now.busy):
        base = None  # measured anew
    elif whole:
        return old
    else:
        base = old
    watch = Stopwatch(on_clock=device != "cpu")
    found = measure(watch, None if base is None else base.found)
    # Where programs always wait for a core, as in a container with a part of one, nothing is gained by a third time.
    waiting = 0.0 if whole else watch.waiting
    new = Kept(found, 0.0 if quiet else max(now.share, waiting, 0.0 if base is None else base.busy))
    with contextlib.suppress(OSError):  # it is measured again next time
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        record = {"busy": round(new.busy, 3), "measured": asdict(new.found)}
        kept = {**_whole(_read(path)), key: record}  # another process may have written meanwhile
        replace_text(path, json.dumps(kept, indent=0) + "\n")
    return new


def _with_random_problems(setting: Setting, registry: Registry) -> Setting:
    return replace(setting, dataset=_random_problems(setting, registry), held_out=0, validation=0)


def _random_problems(setting: Setting, registry: Registry) -> Any:
    """Return a dataset that draws problems of any size with labels and norms of inputs like those of the setting."""
    targets, inputs = setting.dataset.targets(), registry.find("dataset", _inputs(setting))
    if targets.classes is not None:
        return inputs(labels="classes", classes=targets.classes)
    return inputs(labels="gaussian" if targets.kind == "numbers" else "rademacher", outputs=targets.outputs)


def _inputs(setting: Setting) -> str:
    """Return the dataset with inputs like those of a setting. The spectra of kernels, and times, depend on norms."""
    dataset = setting.dataset
    return "gaussian" if dataset.name == "gaussian" or not getattr(dataset, "normalise", True) else "sphere"


def _key(setting: Setting, registry: Registry) -> str:
    """Return what names a kind of trial: all of its setting but sizes, budget and the size of its steps."""
    data = setting.data(registry)
    regime = {key: value for key, value in data["regime"].items() if key not in ("name", "summary", "theory")}
    policy = regime["optimizer"].get("step_size")
    regime["optimizer"] = {
        **{key: value for key, value in regime["optimizer"].items() if key not in ("step_size", "c")},
        "computed": isinstance(policy, str) and policy,
    }
    targets = str(setting.dataset.targets().kind)
    kind = {"regime": regime, "q": setting.q, "targets": targets, "inputs": _inputs(setting)}
    solver = setting.solver
    limit = setting.limit and solver is not None and solver.decides_fates
    named = {key: data.get(key) for key in ("solver", "format", "dtype", "spectrum", "theory")}
    return digest({**kind, **named, "limit": limit})[:20]


@functools.cache
def _file(device: str) -> Path:
    """Return the file of this machine and this version of torch, as a home may be shared by several machines."""
    from importlib.metadata import version

    machine = [VERSION, platform.node(), processor(device), version("torch"), device.partition(":")[0]]
    return cache_directory() / f"costs-{digest(machine)[:12]}.json"


def _read(path: Path) -> dict[str, Any]:
    """Return the records of a file by key, which may be damaged."""
    try:
        about = path.stat()
        return _records(path, about.st_mtime_ns, about.st_size, about.st_ino)
    except (OSError, ValueError, RecursionError):
        return {}


@functools.lru_cache(maxsize=1)
def _records(path: Path, *_as_of: int) -> dict[str, Any]:
    """Return the records of a file as of its present version: a plan looks for many, and each change is a new file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _whole(records: dict[str, Any]) -> dict[str, Any]:
    """Return those of some records that are not damaged."""
    kinds = (_costs, _fates, _pilots)
    return {
        key: record
        for key, record in records.items()
        if _is_record(record) and any(read(record["measured"]) is not None for read in kinds)
    }


def _is_record(record: Any) -> bool:
    """Return whether something has the form of a record, whatever was measured."""
    return isinstance(record, dict) and set(record) == {"busy", "measured"} and _numbers([record["busy"]])


def _numbers(listed: Any) -> bool:
    """Return whether something is a list of finite numbers that are not negative."""
    return isinstance(listed, list) and all(
        isinstance(one, int | float) and math.isfinite(one) and one >= 0 for one in listed
    )


def _weights(found: Any, lengths: dict[str, tuple[int, ...]]) -> dict[str, Any] | None:
    """Return lists of numbers by name with the times that they are fitted to, or None if something is damaged."""
    if not isinstance(found, dict) or set(found) != {*lengths, "timed"}:
        return None
    if not all(_numbers(found[name]) and len(found[name]) in several for name, several in lengths.items()):
        return None
    times = found["timed"]
    if not (isinstance(times, list) and all(map(_is_timed, times))):
        return None
    timed = tuple(Timed((one["size"][0], one["size"][1], one["size"][2]), one["seconds"]) for one in times)
    return {"timed": timed, **{name: tuple(map(float, found[name])) for name in lengths}}


def _is_timed(found: Any) -> bool:
    """Return whether something has the form of the times of a size."""
    whole = isinstance(found, dict) and set(found) == {"size", "seconds"} and isinstance(found["seconds"], dict)
    return whole and _numbers(found["size"]) and len(found["size"]) == 3 and _numbers(list(found["seconds"].values()))


def _costs(found: Any) -> Costs | None:
    """Return the costs in a record, or None if it has none or is damaged."""
    read = _weights(found, LENGTHS)
    return None if read is None else Costs(**read)


def _fates(found: Any) -> Fates | None:
    """Return the time of fates in a record, or None if it has none or is damaged."""
    read = _weights(found, FATES)
    return None if read is None else Fates(**read)


def _pilots(found: Any) -> Pilots | None:
    """Return the pilots in a record, or None if it has none or is damaged."""
    if not isinstance(found, dict) or set(found) != {"n", "trials", "own"} or not isinstance(found["trials"], list):
        return None
    names = [one.name for one in fields(Pilot)]
    trials = [one for one in found["trials"] if isinstance(one, dict) and list(one) == names]
    whole = len(trials) == len(found["trials"]) and all(_numbers(list(one.values())) for one in trials)
    if not whole or not _numbers([found["n"], found["own"]]):
        return None
    return Pilots(found["n"], tuple(Pilot(**one) for one in trials), found["own"])
