"""Notifiers of vmalert as a file: one address for each pod of the VMAlertmanagers that they mean.

Alertmanagers gossip about notifications, not about alerts, so each of them has to get every alert;
behind the address of their Service just one would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from vmoperator.api.around import Around
from vmoperator.api.vmalert import Notifier, VMAlertSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import Files
from vmoperator.render.documents import dumped
from vmoperator.render.http_config import client_config
from vmoperator.render.http_credentials import TLS, Used, used
from vmoperator.render.vmalert_alertmanagers import Alertmanagers
from vmoperator.render.workload import Scope

# A target with a path of its own has to name the whole of it (vmalert, -notifier.config).
_ALERTS = "/api/v2/alerts"
# Go refuses a URL with these, and vmalert ends over it.
_NO_URL = re.compile(r"[\s\x00-\x20\x7f<>\"\\^`{|}]|%(?![0-9A-Fa-f]{2})")


def notifiers_file(spec: VMAlertSpec, scope: Scope, around: Around, files: Files) -> str:
    """The file with all notifiers of a VMAlert, each address once; `files` gets their credentials.

    A URL that names the Service of a VMAlertmanager becomes the URLs of its pods, any other stays
    as it is. Raises SpecInvalid, which names the notifier, for what vmalert would end over.
    """
    known = Alertmanagers(
        around=around,
        namespace=scope.namespace,
        domain=scope.domain,
        port=scope.settings.components["vmalertmanager"].port,
    )
    configs, seen = [], set[str]()
    for field, notifier in _every(spec):
        credentials = used(notifier, field=field, around=around, files=files)
        for told, urls in _groups(notifier, credentials, known, field=field):
            targets = [target for target in map(_target, urls) if target not in seen]
            seen.update(targets)
            client = client_config(told, around=around)
            _refuse_variables(dumped(client), field=field)
            if targets:
                configs.append({"targets": targets, **client})
    return dumped({"static_configs": configs})


def _every(spec: VMAlertSpec) -> Iterator[tuple[str, Notifier]]:
    if spec.notifier is not None:
        yield "spec.notifier", spec.notifier
    for place, notifier in enumerate(spec.notifiers or ()):
        yield f"spec.notifiers[{place}]", notifier


def _groups(
    notifier: Notifier, credentials: Used, known: Alertmanagers, *, field: str
) -> Iterator[tuple[Used, list[SplitResult]]]:
    """The URLs of a notifier, with the credentials for them."""
    if not notifier.url and notifier.selector is None:
        raise SpecInvalid(field, "set url, or selector to find VMAlertmanagers")
    if notifier.url:
        url = _split(notifier.url, field=f"{field}.url")
        pods = known.pods_behind(url)
        yield (_named(credentials, url), pods) if pods else (credentials, [url])
    if notifier.selector is not None:
        yield credentials, known.selected(notifier.selector, field=f"{field}.selector")


def _split(text: str, *, field: str) -> SplitResult:
    _refuse_variables(text, field=field)
    try:
        url = urlsplit(text)
        is_sound = bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        is_sound = False
    if not is_sound or url.scheme not in ("http", "https") or _NO_URL.search(text):
        message = "must be an address such as http://alertmanager.monitoring.svc:9093"
        raise SpecInvalid(field, message)
    return url


def _refuse_variables(text: str, *, field: str) -> None:
    # In flags vmalert replaces them, in this file it would send them as they stand.
    if "%{" in text:
        message = "%{...} is not replaced here: write the value, or name a Secret that holds it"
        raise SpecInvalid(field, message)


def _named(credentials: Used, url: SplitResult) -> Used:
    """The credentials for the pods behind a URL: their certificate is that of the Service."""
    tls = credentials.tls or TLS()
    if url.scheme != "https" or tls.server_name or tls.insecure_skip_verify:
        return credentials
    return replace(credentials, tls=replace(tls, server_name=url.hostname))


def _target(url: SplitResult) -> str:
    path = f"{url.path.rstrip('/')}{_ALERTS}"
    return url._replace(path=path, fragment="").geturl()
