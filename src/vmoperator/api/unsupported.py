"""Fields that a user may set and that do not act yet: marked in the models, named to the user."""

from __future__ import annotations

from vmoperator.api.model import SpecModel

MARK = "unsupported"


def reason(model: type[SpecModel], name: str) -> str:
    """Why the field of that attribute name does not act yet; "" when it does."""
    extra = model.model_fields[name].json_schema_extra
    return str(extra.get(MARK, "")) if isinstance(extra, dict) else ""


def unsupported(parent: SpecModel) -> tuple[str, ...]:
    """Sorted paths of the fields that are set and do not act yet: "spec.vmstorage.vmBackup"."""
    return tuple(sorted(_marked(parent)))


def _marked(part: SpecModel) -> list[str]:
    model = type(part)
    found: list[str] = []
    for name, field in model.model_fields.items():
        value = getattr(part, name)
        alias = field.alias or name
        if value is None or _is_off(value):
            continue
        if reason(model, name):
            found.append(alias)
        elif isinstance(value, SpecModel):
            found.extend(f"{alias}.{path}" for path in _marked(value))
    return found


def _is_off(value: object) -> bool:
    # What is switched off on purpose (`enabled: false`) misses nothing.
    return isinstance(value, SpecModel) and not getattr(value, "enabled", True)
