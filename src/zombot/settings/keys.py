"""Which keys the settings have, read off the schema: for documentation, hints and the environment."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, TypeGuard, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel

from zombot.settings.kinds import Kind
from zombot.settings.schema import Settings


class KeyEntry(Struct, frozen=True):
    """One key as the documentation shows it."""

    path: str
    default: Any
    """In the form of the file; None when the key is absent by default."""
    required: bool
    """Wherever its table is given."""
    allowed: str
    description: str


def keys(kind: type[BaseModel] = Settings, prefix: str = "") -> Iterator[KeyEntry]:
    """Every key that the file may hold, in the order of the schema."""
    for name, field in kind.model_fields.items():
        path = f"{prefix}{name}"
        holds = _bare(field.annotation)
        if is_table(holds):
            yield from keys(holds, f"{path}.")
            continue
        default = None if field.is_required() else field.default
        yield KeyEntry(
            path, default, field.is_required(), allowed_at(path.split(".")), field.description or ""
        )
        if get_origin(holds) is dict and is_table(get_args(holds)[1]):
            yield from keys(get_args(holds)[1], f"{path}.<name>.")


def is_table(annotation: object) -> TypeGuard[type[BaseModel]]:
    """Whether a field of this type is a table with named keys."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _bare(annotation: object) -> Any:  # noqa: ANN401, types are looked into as objects here
    """The type without ``None``, which only says that a key may be absent."""
    if get_origin(annotation) is UnionType:
        return next(part for part in get_args(annotation) if part is not NoneType)
    return annotation


def kind_at(path: list[str]) -> Kind[Any] | type[BaseModel] | None:
    """What stands at a path: a kind of value, a table with named keys, or None for a table with free names.

    Raises:
        KeyError: there is nothing at that path.
    """
    here: Any = Settings
    kinds: list[Kind[Any]] = []
    for part in path:
        kinds = []
        if get_origin(here) is dict:
            here = get_args(here)[1]
        elif is_table(here):
            field = here.model_fields[part]
            here, kinds = _bare(field.annotation), [kind for kind in field.metadata if isinstance(kind, Kind)]
        else:
            raise KeyError(part)
        if get_origin(here) is Annotated:
            here, *extra = get_args(here)
            kinds = [kind for kind in extra if isinstance(kind, Kind)]
    if kinds:
        return kinds[0]
    return here if is_table(here) else None


def allowed_at(path: list[str]) -> str:
    """What may stand at a path, in words."""
    found = kind_at(path)
    if isinstance(found, Kind):
        return found.allowed.rstrip(",")
    if found is not None:
        return "a table of settings"
    each = kind_at([*path, "<name>"])
    return (
        f"a table; each value: {each.allowed.rstrip(',')}" if isinstance(each, Kind) else "a table of tables"
    )
