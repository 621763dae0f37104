"""Loading: whether the programs in the pods run the configuration that was written for them.

What a program shows of that stands in its metrics; names and meanings are those of
VictoriaMetrics v1.150 and Alertmanager 0.31.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import orjson

from vmoperator.base.names import RULES_FOLDER
from vmoperator.base.rule_markers import shown_markers
from vmoperator.observe.verdict import Aspect, Remark

_REFUSED = re.compile(
    r"^\w+_(?:config|streamaggr?)(?:_config)?(?:_last)?_reload_successful(?:\{[^\n]*\})? 0$",
    re.MULTILINE,
)
_HASH = re.compile(r"^alertmanager_config_hash (\S+)$", re.MULTILINE)
_PODS_TOLD = 3
_OF_GROUPS = (
    *("name", "file", "type", "interval", "concurrency", "params", "headers"),
    *("notifier_headers", "labels", "eval_offset", "eval_delay"),
)
_OF_RULES = (
    *("name", "type", "query", "duration", "keep_firing_for", "labels", "annotations"),
    *("debug", "max_updates_entries"),
)


class Standing(StrEnum):
    """How far one pod is."""

    PENDING = "pending"
    LOADING = "loading"
    """It was asked, and takes long."""
    LOADED = "loaded"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How far one pod is, and in words what keeps it."""

    pod: str
    standing: Standing
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a program shows, at one time, of what it runs."""

    pages: Mapping[str, str] = field(default_factory=dict)
    """Path -> what tells its content from others; nothing of pages that were not looked at."""
    markers: frozenset[str] | None = None
    """What tells which content its jobs or rules came with; None where it does not show them."""

    def differs(self, before: Shown) -> bool:
        """Whether a page that both have is another one."""
        return any(before.pages.get(path, mark) != mark for path, mark in self.pages.items())


METRICS = "/metrics"
JOBS_PAGE = "/config"
RULES_PAGE = "/api/v1/rules?exclude_alerts=true"
PAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "vmagent": (JOBS_PAGE, "/remotewrite-relabel-config", "/remotewrite-url-relabel-config"),
        "vmsingle": (JOBS_PAGE,),
        "vmalert": (RULES_PAGE, "/api/v1/notifiers"),
        "alertmanager": (METRICS,),
    }
)
"""Program -> paths at which it shows what it runs. The metrics of VictoriaMetrics' programs are up
to a second old (lib/appmetrics), those of Alertmanager are not."""


def is_program(metrics: str) -> bool:
    """Whether these are the metrics of a program that loads what the operator writes."""
    return "vm_app_version" in metrics or "alertmanager_build_info" in metrics


def is_refused(metrics: str) -> bool:
    """Whether the metrics of a program say that it could not take its files, and goes on with
    what it had."""
    return _REFUSED.search(metrics) is not None


def mark(page: str) -> str:
    """What of a page tells one configuration from another, and does not change by itself."""
    found = _HASH.search(page)
    if found:
        return str(float(found[1]))
    if page.startswith('{"status":'):
        data = orjson.loads(page).get("data", {})
        return _rules_mark(data["groups"]) if data.get("groups") else _notifiers_mark(data)
    return hashlib.sha256(page.encode()).hexdigest()


def markers_of_rules(page: str) -> frozenset[str]:
    """What tells the rules of the operator that vmalert shows at RULES_PAGE."""
    groups = orjson.loads(page).get("data", {}).get("groups") or ()
    return shown_markers(groups, folder=RULES_FOLDER)


def _notifiers_mark(data: Mapping[str, Any]) -> str:
    # vmalert's notifiers come with the last error of each.
    groups = data.get("notifiers") or ()
    return str(sorted(it.get("address") for group in groups for it in group["targets"]))


def _rules_mark(groups: Iterable[Mapping[str, Any]]) -> str:
    """The definitions of vmalert's rules, without what evaluating them changes."""
    told = [
        [
            [group.get(key) for key in _OF_GROUPS],
            [_rule_mark(it) for it in group.get("rules") or ()],
        ]
        for group in groups
    ]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


def _rule_mark(rule: Mapping[str, Any]) -> list[Any]:
    return [rule.get(key) for key in _OF_RULES]


def marks_of(files: Mapping[str, str]) -> frozenset[str]:
    """The marks by which Alertmanager shows that it runs one of these files.

    Its hash is the first 6 bytes of the MD5 sum as a little-endian number (config/coordinator.go).
    """
    sums = (hashlib.md5(text.encode(), usedforsecurity=False).digest() for text in files.values())
    return frozenset(str(float(int.from_bytes(found[:6], "little"))) for found in sums)


def config_loaded(loadings: Sequence[Loading]) -> Remark | None:
    """The condition ConfigLoaded; None while it is not known, or nothing is to be loaded."""
    if not loadings or any(one.standing is Standing.PENDING for one in loadings):
        return None
    open_ones = [one for one in loadings if one.standing is not Standing.LOADED]
    words = f"loaded by {len(loadings) - len(open_ones)} of {len(loadings)} replicas"
    if not open_ones:
        return Remark(Aspect.CONFIG_LOADED, "True", "Loaded", words)
    standings = {one.standing for one in open_ones}
    message = "; ".join((words, *_told(open_ones)))
    if Standing.REFUSED in standings:
        return Remark(Aspect.CONFIG_LOADED, "False", "Refused", message)
    if Standing.FAILED in standings:
        return Remark(Aspect.CONFIG_LOADED, "False", "NotLoaded", message)
    if Standing.LOADING in standings:
        return Remark(Aspect.CONFIG_LOADED, "Unknown", "Loading", message)
    # It reads its files from time to time by itself: that it has not is not known.
    return Remark(Aspect.CONFIG_LOADED, "Unknown", "Unreachable", message)


def _told(open_ones: Iterable[Loading]) -> Iterable[str]:
    told = sorted(open_ones, key=lambda one: (one.words, one.pod))
    for words, alike in itertools.groupby(told[:_PODS_TOLD], key=lambda one: one.words):
        pods = [one.pod for one in alike]
        yield f"pod{'s' if len(pods) > 1 else ''} {', '.join(pods)}: {words}"
    if len(told) > _PODS_TOLD:
        yield f"and {len(told) - _PODS_TOLD} more"
