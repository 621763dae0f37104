"""Receivers, as they stand in Alertmanager's own file: each field under its name there."""

from __future__ import annotations

from typing import Any

from vmoperator.api.auth import TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.selected.vmalertmanagerconfig import Receiver
from vmoperator.api.selected.vmalertmanagerconfig_http import As, HTTPConfig, Notifier
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.forms import formed, refuse_long_keys
from vmoperator.render.routes.http import http_config, tls_config
from vmoperator.render.routes.reader import Reader
from vmoperator.render.routes.refusals import refuse_unfit


def receiver(given: Receiver, reader: Reader, *, name: str, field: str) -> dict[str, Any]:
    """A receiver under its full name. Raises SpecInvalid, which names the field."""
    made: dict[str, Any] = {"name": name}
    for kind in type(given).model_fields:
        notifiers: list[Notifier] = (getattr(given, kind) or []) if kind != "name" else []
        if notifiers:
            made[kind] = [
                _notifier(it, reader, kind=kind, field=f"{field}.{kind}[{place}]")
                for place, it in enumerate(notifiers)
            ]
    return made


def _notifier(given: Notifier, reader: Reader, *, kind: str, field: str) -> dict[str, Any]:
    there = reader.without_missing(given)
    try:
        refuse_unfit(there, reader, kind=kind, field=field)
    except SpecInvalid as refused:
        if there is given:
            raise
        message = str(refused).removeprefix(f"{refused.field}: ")
        raise type(refused)(refused.field, f"{message}; an optional key is missing") from None
    return _part(there, reader, field=field)


def _part(given: SpecModel, reader: Reader, *, field: str) -> dict[str, Any]:
    made = {}
    for name, info in type(given).model_fields.items():
        alias = info.alias or name
        mark = next((it for it in info.metadata if isinstance(it, As)), As())
        value = _value(getattr(given, name), mark, reader, field=f"{field}.{alias}")
        # Alertmanager takes an empty text for a wish, most charts for none.
        if value not in (None, "", [], {}) and (value or not mark.says_only_yes):
            made[mark.name or alias] = value
    return made


def _value(value: Any, mark: As, reader: Reader, *, field: str) -> Any:
    if isinstance(value, SecretKeySelector):
        return reader.secret(value, field=field, form=mark.form)
    if isinstance(value, HTTPConfig):
        return http_config(value, reader, field=field)
    if isinstance(value, TLSConfig):
        return tls_config(value, reader, field=field)
    if isinstance(value, SpecModel):
        return _part(value, reader, field=field)
    if isinstance(value, list):
        return [
            _value(it, mark, reader, field=f"{field}[{place}]") for place, it in enumerate(value)
        ]
    if isinstance(value, dict):
        refuse_long_keys(value, field=field)
    if isinstance(value, str) and field.endswith("_file"):
        return reader.file(value, field=field)
    return formed(value, mark.form, field=field) if mark.form and value else value
