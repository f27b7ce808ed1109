"""Reads text sets in the format of home-assistant-datasets: homes, sentences, and what must have changed after each.

A set is a folder with, for each home, a folder of its `_fixtures.yaml` (areas, devices, entities) and files of tests
(`category`, `tests`: `sentences`, `setup`, `expect_changes`, `ignore_changes`, `expect_response`, `context_device`).
Knows no model. `context_now` is passed over: the clock is the machine's. A set of 20 files is read in 0.2 s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from assistant.errors import UsageError
from assistant.intents.demo_file import Furnished, Thing
from assistant.intents.home_answers import spoken_state
from assistant.intents.home_states import State
from assistant.intents.home_terms import ours, theirs, word
from assistant.intents.names import Directory, Entity

FIXTURES = "_fixtures.yaml"
NO_TESTS = {FIXTURES, "_home.yaml", "dataset_card.yaml"}
DERIVED = frozenset({"is_closed", "is_opening", "is_closing"})
_KEYS = ConfigDict(extra="ignore")
_REMEDY = "compare with tests/assist_demo, or with a set of home-assistant-datasets"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Area:
    __pydantic_config__ = _KEYS
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class _Device:
    __pydantic_config__ = _KEYS
    name: str
    id: str
    area: str | None = None


@dataclass(frozen=True, slots=True)
class _Entity:
    __pydantic_config__ = _KEYS
    name: str
    id: str
    area: str | None = None
    device: str | None = None
    state: str | bool | int | float | None = None
    attributes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Fixtures:
    __pydantic_config__ = _KEYS
    entities: list[_Entity]
    areas: list[_Area] = field(default_factory=list)
    devices: list[_Device] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    __pydantic_config__ = ConfigDict(extra="forbid")
    state: str | bool | int | float | None = None
    attributes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Test:
    __pydantic_config__ = ConfigDict(extra="forbid")
    sentences: list[str]
    setup: dict[str, _Change] = field(default_factory=dict)
    expect_changes: dict[str, _Change] | None = None
    ignore_changes: dict[str, list[str] | dict[str, Any]] | None = None
    expect_response: str | list[str | int | float] | None = None
    context_device: str | None = None
    context_now: Any = None


@dataclass(frozen=True, slots=True)
class _Tests:
    __pydantic_config__ = _KEYS
    category: str | list[str]
    tests: list[_Test]


@dataclass(frozen=True, slots=True)
class Task:
    """One sentence, said to a home as it was set up.

    `written`: the attributes in Home Assistant's terms. The reply must contain one of the `answers`, if there are any.
    """

    home: str
    sentence: str
    category: str
    furnished: Furnished
    written: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, Mapping[str, Any]]
    ignored: Mapping[str, frozenset[str]]
    answers: tuple[str, ...] = ()

    @property
    def expects(self) -> str:
        """What it asks for: a change, an answer or nothing."""
        return "change" if self.changes else "answer" if self.answers else "nothing"

    def differences(self, after: Mapping[str, Thing]) -> dict[str, dict[str, list[Any]]]:
        """Where the home isn't as expected: by entity and attribute, what was expected and what is."""
        found: dict[str, dict[str, list[Any]]] = {}
        for before in self.furnished.things:
            id_, domain = before.entity.id, before.entity.domain
            was, now = ((t.state, t.attributes) for t in (before, after[id_]))
            expected = dict(self.changes.get(id_, {}))
            switched = (str(expected.get("state", was[0])), was[1])  # what follows from the state is expected with it
            wanted = theirs(domain, self.written[id_], was, switched) | expected
            shown = theirs(domain, self.written[id_], was, now)
            wrong = {
                name: [wanted.get(name), shown.get(name)]
                for name in wanted.keys() | shown.keys()
                if name not in self.ignored.get(id_, ()) and not _same(wanted.get(name), shown.get(name))
            }
            if wrong:
                found[id_] = wrong
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """The sentences that are said to the same home, standing in the same room."""

    name: str
    tasks: tuple[Task, ...]


def is_set(directory: Path) -> bool:
    """Whether a folder is a set, or one home of it."""
    return (directory / FIXTURES).is_file() or any(directory.glob(f"*/{FIXTURES}"))


def read(directory: Path) -> list[Group]:
    """Read a whole set. Raises UsageError with the file, and the place in it."""
    homes = (
        [directory] if (directory / FIXTURES).is_file() else sorted(p.parent for p in directory.glob(f"*/{FIXTURES}"))
    )
    groups: dict[str, list[Task]] = {}
    for home in homes:
        fixtures = _parsed(home / FIXTURES, _Fixtures)
        for file in sorted(home.glob("*.yaml")):
            if file.name not in NO_TESTS:
                for here, task in _tasks(file, fixtures, home.name):
                    groups.setdefault(f"{home.name}, in the {here}" if here else home.name, []).append(task)
    if not groups:
        raise UsageError(f"{directory}: no file of tests beside {FIXTURES}", remedy=_REMEDY)
    return [Group(name, tuple(tasks)) for name, tasks in groups.items()]


def _tasks(file: Path, fixtures: _Fixtures, home: str) -> Iterator[tuple[str | None, Task]]:
    told = _parsed(file, _Tests)
    areas = {area.id: area.name for area in fixtures.areas}
    placed = {device.id: areas.get(device.area or "") for device in fixtures.devices}
    known = {entity.id for entity in fixtures.entities}
    for number, test in enumerate(told.tests):
        at = f"{file}: tests.{number}"
        if unknown := sorted((test.setup.keys() | (test.expect_changes or {}).keys()) - known):
            raise UsageError(f"{at}: {unknown[0]} isn't in {FIXTURES}", remedy="give every entity there")
        if test.context_device is not None and test.context_device not in placed:
            raise UsageError(f"{at}: no device {test.context_device} in {FIXTURES}", remedy="give every device there")
        here = placed.get(test.context_device or "")
        written, furnished = _furnished(fixtures, areas, placed, test.setup, here)
        domains = {id_: id_.partition(".")[0] for id_ in known}
        changes = {id_: _expected(domains[id_], change) for id_, change in (test.expect_changes or {}).items()}
        ignored = {id_: frozenset(names) | DERIVED for id_, names in (test.ignore_changes or {}).items()}
        answers = [test.expect_response] if isinstance(test.expect_response, str) else test.expect_response or []
        category = told.category if isinstance(told.category, str) else ", ".join(told.category)
        for sentence in test.sentences:
            yield (
                here,
                Task(home, sentence, category, furnished, written, changes, ignored, tuple(map(str, answers))),
            )


def _furnished(
    fixtures: _Fixtures,
    areas: Mapping[str, str],
    placed: Mapping[str, str | None],
    setup: Mapping[str, _Change],
    here: str | None,
) -> tuple[dict[str, dict[str, Any]], Furnished]:
    """The attributes as they are written down, and the home as it is set up."""
    written, things = {}, []
    for told in fixtures.entities:
        change = setup.get(told.id, _Change())
        attributes = dict(told.attributes or {}) | (change.attributes or {})
        state, values = ours(
            told.id.partition(".")[0], told.state if change.state is None else change.state, attributes
        )
        area = areas.get(told.area or "") or placed.get(told.device or "")
        entity = Entity(told.id, (told.name,), area)
        if entity.domain == "binary_sensor":
            kind = str(attributes.get("device_class", "")).rpartition(".")[2].casefold()
            state = spoken_state(entity, State(state, {"device_class": kind}))
        written[told.id] = attributes
        things.append(Thing(entity, state, values))
    directory = Directory([thing.entity for thing in things], tuple(areas.values()), here)
    return written, Furnished(directory, tuple(things))


def _expected(domain: str, change: _Change) -> dict[str, Any]:
    attributes = change.attributes or {}
    return attributes if change.state is None else {"state": word(domain, change.state)} | attributes


def _parsed(file: Path, form: type[_T]) -> _T:
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
        return TypeAdapter(form).validate_python(told)
    except OSError as e:
        raise UsageError(f"{file}: {e.strerror}", remedy=_REMEDY) from e
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        raise UsageError(f"{file}: no YAML: {' '.join(str(e).split())}", remedy=_REMEDY) from e
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"{file}: {place}: {first['msg']}", remedy=_REMEDY) from e


def _same(a: Any, b: Any) -> bool:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b)):
        return bool(abs(a - b) <= 1e-6)
    return a == b or str(a) == str(b)
