"""Flags of vmalert: what it evaluates, where it asks, writes to, and finds the state again."""

from __future__ import annotations

import re

from vmoperator.api.around import Around
from vmoperator.api.vmalert import VMAlertSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import Files
from vmoperator.render.flags import Flags
from vmoperator.render.http_auth import auth_values, single
from vmoperator.render.positional import quoted
from vmoperator.render.rules.files import PATTERN
from vmoperator.render.rules.selection import selects

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# How late a changed file is noticed where nobody can ask for a reload.
_CHECK_INTERVAL = "30s"


def evaluation_flags(spec: VMAlertSpec, *, around: Around, files: Files) -> Flags:
    """Flags of rules and of the three addresses; `files` gets the credentials that they name.

    One rule that cannot be parsed must not keep the others from being evaluated: vmalert would end
    at its start over it, so it is told to load such rules as well; /api/v1/rules names them.
    Raises SpecInvalid, which names the field, for what vmalert would end over.
    """
    return {
        "configCheckInterval": _CHECK_INTERVAL,
        "evaluationInterval": spec.evaluation_interval,
        "external.label": _labels(spec) or None,
        "rule": tuple(quoted(path) for path in _rule_paths(spec)) or None,
        "rule.validateExpressions": "false",
        "rule.validateTemplates": "false",
        **_datasource(spec, around, files),
        **_remote_write(spec, around, files),
        **_remote_read(spec, around, files),
    }


def _rule_paths(spec: VMAlertSpec) -> tuple[str, ...]:
    own = (PATTERN,) if selects(spec) else ()
    return (*own, *(spec.rule_path or ()))


def _datasource(spec: VMAlertSpec, around: Around, files: Files) -> Flags:
    source = spec.datasource
    values = auth_values(source, field="spec.datasource", around=around, files=files)
    return single("datasource", {"url": source.url, **values})


def _remote_write(spec: VMAlertSpec, around: Around, files: Files) -> Flags:
    target = spec.remote_write
    if target is None:
        return {}
    values = auth_values(target, field="spec.remoteWrite", around=around, files=files)
    tuning: Flags = {
        "remoteWrite.concurrency": _text(target.concurrency),
        "remoteWrite.flushInterval": target.flush_interval,
        "remoteWrite.maxBatchSize": _text(target.max_batch_size),
        "remoteWrite.maxQueueSize": _text(target.max_queue_size),
    }
    return {**single("remoteWrite", {"url": target.url, **values}), **tuning}


def _remote_read(spec: VMAlertSpec, around: Around, files: Files) -> Flags:
    target = spec.remote_read
    if target is None:
        return {}
    values = auth_values(target, field="spec.remoteRead", around=around, files=files)
    lookback: Flags = {"remoteRead.lookback": target.lookback}
    return {**single("remoteRead", {"url": target.url, **values}), **lookback}


def _labels(spec: VMAlertSpec) -> tuple[str, ...]:
    labels = spec.external_labels or {}
    for name in labels:
        if not _LABEL.fullmatch(name):
            raise SpecInvalid("spec.externalLabels", f"{name!r} is not the name of a label")
    return tuple(quoted(f"{name}={value}") for name, value in sorted(labels.items()))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
