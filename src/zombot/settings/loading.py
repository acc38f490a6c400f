"""From a file, the environment and the command line to checked settings, or to every problem at once.

Later sources win: defaults, file, environment, command line. Tables are merged key by key.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from zombot.settings.errors import Problem, SettingsError
from zombot.settings.keys import allowed_at, is_table, keys, kind_at
from zombot.settings.kinds import Kind, shown
from zombot.settings.schema import Settings
from zombot.settings.secrets import MASK, PREFIX, is_secret_name, variable_of

__all__ = ["Problem", "SettingsError", "describe", "load", "settings_digest"]

DEPTH_MAX: Final = 12
"""Tables and lists within each other; the schema needs five."""
FILE_BYTES_MAX: Final = 4 * 2**20
ELSEWHERE: Final = ("state_dir", "control")
"""Where a bot keeps its files and listens does not change what it does: left out of the digest."""

Tree = dict[str, Any]


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read and check the settings.

    Args:
        path: the TOML file; None for the defaults alone.
        overrides: what the command line says, as tables or with dotted keys; None values were not given.
        environment: the process's own when left out.

    Raises:
        SettingsError: the file cannot be read or parsed, or settings are wrong; all of them are named.
    """
    source = "settings" if path is None else str(path)
    variables = dict(_variables(os.environ if environment is None else environment))
    from_file = {} if path is None else _read(path)
    from_command = _expand(overrides or {})
    problems = list(_unusable(from_file, origin="the settings file"))
    problems += _unusable(from_command, origin="the command line")
    if problems:
        raise SettingsError(problems, source=source)
    tree = from_file
    for key, text in variables.items():
        tree = _merge(tree, _nest(key.split("."), _from_text(key, text)))
    tree = _merge(tree, from_command)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        found = list(_problems(error, variables, from_command))
    raise SettingsError(found, source=source)


def describe(settings: Settings) -> Tree:
    """The settings in the form of the file, for status and reports: JSON can hold it, and it loads again."""
    tree = settings.model_dump(mode="json", exclude_none=True)
    return {name: _masked(name, value) for name, value in tree.items()}


def settings_digest(settings: Settings) -> str:
    """The same for settings that make a bot do the same, however they were written and wherever it runs."""
    tree = {name: value for name, value in describe(settings).items() if name not in ELSEWHERE}
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> Tree:
    """The file as nested tables, each number with fraction or exponent as an exact Decimal."""
    source = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise SettingsError([Problem("", f"cannot be read: {reason}")], source=source) from None
    if len(content) > FILE_BYTES_MAX:
        text = f"is longer than the {FILE_BYTES_MAX} bytes that are allowed"
        raise SettingsError([Problem("", text)], source=source)
    try:
        return tomllib.loads(content.decode("utf-8-sig"), parse_float=_exact)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        text = f"is not UTF-8 text (at line {line}, column {column})"
    except ValueError as error:
        # tomllib names line and column, but not for a number that is too long to be one.
        text = f"is not valid TOML: {error}"
    except RecursionError:
        text = "is not valid TOML: lists or tables are nested too deeply"
    raise SettingsError([Problem("", text)], source=source)


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:40]} is out of range") from None


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Dotted key and text of each variable that is meant as a setting.

    With ``__`` it always is. Without, it has to be called like a top-level key, or nearly so: other
    variables may begin with our prefix and belong to a test or a service.
    """
    names = list(Settings.model_fields)
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX):
            continue
        parts = variable[len(PREFIX) :].split("__")
        name = parts[-1].lower()
        if is_secret_name(name) or is_secret_name(name.removesuffix("_file")):
            continue  # read_secret looks for it when it is needed
        if len(parts) == 1 and not get_close_matches(name, names, 1, 0.8):
            continue
        yield ".".join(_spelled(parts)), environment[variable]


def _spelled(parts: list[str]) -> list[str]:
    """Variables are in capitals; keys are in small letters, but for the names of assets."""
    lower = [part.lower() for part in parts]
    if len(lower) == 3 and lower[1] == "balances":
        lower[2] = lower[2].upper()
    return lower


def _from_text(key: str, text: str) -> object:
    """A variable's text as TOML reads it; as it stands where a text is wanted or TOML cannot read it."""
    try:
        kind = kind_at(key.split("."))
    except KeyError:
        return text
    if isinstance(kind, Kind) and kind.textual:
        return text
    try:
        value = tomllib.loads(f"value = {text}", parse_float=_exact)
    except (ValueError, RecursionError):
        return text
    # More keys than one: the text had lines of its own, and was no value.
    return value["value"] if len(value) == 1 and not _is_deep(value) else text


def _expand(overrides: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    for key, value in overrides.items():
        if value is not None:
            tree = _merge(tree, _nest(key.split("."), value))
    return tree


def _nest(path: list[str], value: object) -> Tree:
    tree: Tree = {path[-1]: value}
    for part in reversed(path[:-1]):
        tree = {part: tree}
    return tree


def _merge(below: Tree, above: Tree) -> Tree:
    """Both trees in one; where both hold a value the upper one's is taken."""
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        merged[name] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _is_deep(tree: object) -> bool:
    """Whether tables and lists stand in each other deeper than anything here needs (without recursion)."""
    layer: list[object] = [tree]
    for _ in range(DEPTH_MAX):
        layer = [
            inner
            for value in layer
            if isinstance(value, dict | list | tuple)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not layer:
            return False
    return True


def _unusable(tree: Tree, *, origin: str) -> Iterator[Problem]:
    """What has to be refused before anything else looks at it, secrets first of all."""
    if _is_deep(tree):
        yield Problem("", f"holds tables or lists nested deeper than {DEPTH_MAX}")
        return
    for path in _secrets(tree, ()):
        key = ".".join(path)
        variable = variable_of(key)
        yield Problem(
            key,
            f"is a secret and must not stand in {origin}; allowed are the variable {variable}"
            f" and a file that {variable}_FILE names",
        )


def _secrets(tree: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, list | tuple):
        for value in tree:
            yield from _secrets(value, path)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if is_secret_name(str(name)):
                yield (*path, str(name))
            else:
                yield from _secrets(value, (*path, str(name)))


def _problems(error: ValidationError, variables: Mapping[str, str], commanded: Tree) -> Iterator[Problem]:
    for entry in error.errors(include_url=False):
        path = [str(part) for part in entry["loc"] if part != "[key]"]
        key = ".".join(path)
        if entry["type"] == "extra_forbidden":
            text = _unknown(path)
        elif entry["type"] == "missing":
            text = f"is missing; {allowed_at(path)} is allowed"
        elif entry["type"] == "not_allowed":
            text = f"is {shown(entry['input'])}: {entry['msg']}"
        else:  # what is left is a plain value where a table must be
            text = f"is {shown(entry['input'])}: a table is allowed, as in [{key}]"
        if entry["loc"][-1] == "[key]":
            text = f"has a name that cannot be: {entry['msg']}"
        yield Problem(key, text + _origin(path, variables, commanded))


def _origin(path: list[str], variables: Mapping[str, str], commanded: Tree) -> str:
    """Where a value came from, unless that is the file."""
    here: object = commanded
    for part in path:
        here = here.get(part) if isinstance(here, dict) else here
    if here is not None:
        return " (from the command line)"
    key = ".".join(path)
    for name in variables:
        if f"{name}.".startswith(f"{key}.") or key.startswith(f"{name}."):
            return f" (from the variable {variable_of(name)})"
    return ""


def _unknown(path: list[str]) -> str:
    """What to write instead. The value is not shown: the key may be the misspelled name of a secret."""
    parent, name = path[:-1], path[-1]
    table = kind_at(parent) if parent else Settings
    assert is_table(table)  # only a table with named keys has unknown ones
    siblings = list(table.model_fields)
    near = get_close_matches(name, siblings, 1)
    if near:
        return f"is not a setting; did you mean {'.'.join([*parent, near[0]])}?"
    elsewhere = [entry.path for entry in keys() if entry.path.rpartition(".")[2] == name]
    if elsewhere:
        return f"is not a setting; did you mean {' or '.join(elsewhere)}?"
    place = f"in [{'.'.join(parent)}]" if parent else "at the top"
    return f"is not a setting; {place} are allowed: {', '.join(siblings)}"


def _masked(name: str, value: object) -> object:
    """No secret can be in the settings; should a plug-in's table hold one all the same, it is not shown."""
    if is_secret_name(name):
        return MASK
    if isinstance(value, dict):
        return {inner: _masked(inner, part) for inner, part in value.items()}
    if isinstance(value, list):
        return [_masked(name, part) for part in value]
    return value
