"""How vmalert learns of its notifiers: a file of ours, one of the user's, or the user's flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmoperator.api.around import Around
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.vmalert import VMAlertSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.config import Config
from vmoperator.render.credentials import Files, is_given, text
from vmoperator.render.documents import loaded
from vmoperator.render.flags import Flags, given, is_true
from vmoperator.render.source import Source
from vmoperator.render.vmalert_notifiers import notifiers_file
from vmoperator.render.workload import Scope

APP = "vmalert"
FOLDER = "/etc/vmalert/config"
NOTIFIERS = "notifiers.yaml"
_USERS_FOLDER = "/etc/vm/notifier_config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What vmalert is told about its notifiers."""

    flags: Flags
    config: Config | None = None
    mounts: tuple[Source, ...] = ()


def told(spec: VMAlertSpec, scope: Scope, *, around: Around, files: Files) -> Told:
    """The notifiers of a VMAlert; `files` gets the credentials that they need.

    Without any notifier the file names none: rules are evaluated, alerts are sent nowhere, and the
    first notifier comes without a restart. Raises SpecInvalid for notifiers said in two ways.
    """
    says_it_in_flags, reference = _says_it_in_flags(spec), spec.notifier_config_ref
    if reference is not None and is_given(reference):
        _refuse_rivals(spec, field="spec.notifierConfigRef")
        return _users_file(reference, around)
    if says_it_in_flags:
        return Told(flags={})
    own = notifiers_file(spec, scope, around, files)
    config = config_of(spec, scope, {NOTIFIERS: own})
    return Told(flags={"notifier.config": config.path(NOTIFIERS)}, config=config)


def config_of(spec: VMAlertSpec, scope: Scope, files: Mapping[str, str]) -> Config:
    """Files of a VMAlert, and how it is asked to read them again."""
    key = spec.config_reload_auth_key_secret
    return Config(
        secret=scope.named(APP),
        mount_path=FOLDER,
        files=files,
        reload_key=key if is_given(key) else None,
    )


def _says_it_in_flags(spec: VMAlertSpec) -> bool:
    """True if extraArgs decide about notifiers, which win over all other fields.

    vmalert ends over two of -notifier.url, -notifier.config and -notifier.blackhole.
    """
    extra = given(spec.extra_args, field="spec.extraArgs")
    if is_true(extra, "notifier.blackhole"):
        _refuse_rivals(spec, field="spec.extraArgs")
        if is_given(spec.notifier_config_ref):
            raise _rivals("spec.extraArgs", "notifierConfigRef")
        return True
    return "notifier.url" in extra or "notifier.config" in extra


def _refuse_rivals(spec: VMAlertSpec, *, field: str) -> None:
    if spec.notifier or spec.notifiers:
        raise _rivals(field, "notifier and notifiers")


def _rivals(field: str, others: str) -> SpecInvalid:
    what = "notifier.blackhole drops all alerts, so it" if "extraArgs" in field else "it"
    return SpecInvalid(field, f"{what} excludes {others}: set one or the other")


def _users_file(reference: SecretKeySelector, around: Around) -> Told:
    field = "spec.notifierConfigRef"
    document = loaded(text(reference, field=field, around=around), field=field)
    if not isinstance(document, dict):
        raise SpecInvalid(field, "must be a mapping, such as static_configs: [...]")
    volume = Source(
        field=field,
        name="notifier-config",
        volume={"secret": {"secretName": reference.name}},
        mount_path=_USERS_FOLDER,
        is_read_only=True,
    )
    path = f"{_USERS_FOLDER}/{reference.key}"
    return Told(flags={"notifier.config": path}, mounts=(volume,))
