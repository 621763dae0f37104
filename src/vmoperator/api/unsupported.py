"""Fields that a user may set and that do not act yet: marked in the models, named to the user."""

from __future__ import annotations

from vmoperator.api.model import SpecModel, parts_of

MARK = "unsupported"

NO_SELECTION = "the operator does not read scrape, rule and configuration objects yet"
NO_RELOADER = "there is no reloader beside the program: the operator itself reloads it"


def unsupported(parent: SpecModel) -> tuple[str, ...]:
    """Sorted paths of the fields that are set and do not act yet: "spec.configReloaderImage"."""
    return tuple(sorted(_set_and_marked(parent)))


def marked_fields(model: type[SpecModel]) -> tuple[tuple[str, str], ...]:
    """Path and reason of every field of a kind that does not act yet, in the models' order."""
    return tuple(_marked(model))


def _set_and_marked(part: SpecModel) -> list[str]:
    found: list[str] = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        alias = field.alias or name
        if value is None:
            continue
        if _reason(type(part), name):
            found.append(alias)
            continue
        for place, below in _parts(value, alias):
            found.extend(f"{place}.{path}" for path in _set_and_marked(below))
    return found


def _parts(value: object, alias: str) -> list[tuple[str, SpecModel]]:
    """The models at a field, with their paths: one, or those of a list."""
    if isinstance(value, SpecModel):
        return [(alias, value)]
    entries = enumerate(value) if isinstance(value, list) else ()
    return [(f"{alias}[{i}]", it) for i, it in entries if isinstance(it, SpecModel)]


def _marked(model: type[SpecModel]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, field in model.model_fields.items():
        alias = field.alias or name
        why = _reason(model, name)
        if why:
            found.append((alias, why))
            continue
        for part in parts_of(field.annotation):
            found.extend((f"{alias}.{path}", reason) for path, reason in _marked(part))
    return found


def _reason(model: type[SpecModel], name: str) -> str:
    extra = model.model_fields[name].json_schema_extra
    return str(extra.get(MARK, "")) if isinstance(extra, dict) else ""
