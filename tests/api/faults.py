"""Objects of every kind that parents select: a sound one, and what can be wrong with it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Tree = dict[str, Any]

ABSENT = {"name": "absent", "key": "token"}
"""A key of a Secret that does not exist at first."""
LARGE = "x" * 2_000_000
_ROUTE = {"receiver": "hook"}
_HOOK = {"name": "hook", "webhook_configs": [{"url": "http://a"}]}
_THEIR_HOOK = {"name": "hook", "webhookConfigs": [{"url": "http://a"}]}
_RULE = {"alert": "A", "expr": "up == 0"}


_SCRAPERS = ("VMAgent", "VMSingle")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A kind of objects, and specifications of it."""

    parents: tuple[str, ...]
    """Kinds that select it."""
    sound: Tree
    wrong: Mapping[str, tuple[str, Any]]
    """What is wrong -> where, and what stands there: spec.endpoints[0].scrapeTimeout."""
    words: Mapping[str, str]
    """What is wrong -> how the refusal begins, where it does not just name that place."""

    def spec(self, fault: str) -> Tree:
        """The specification with a fault."""
        path, value = self.wrong[fault]
        return changed(self.sound, path, value)

    def refusal(self, fault: str) -> str:
        """How the refusal begins."""
        return self.words.get(fault, self.wrong[fault][0])


def changed(spec: Tree, path: str, value: Any) -> Tree:
    """The specification with a value at a path like spec.endpoints[0].port."""
    found: Tree = {"spec": copy.deepcopy(spec)}
    *above, last = path.replace("[", ".[").split(".")
    place: Any = found
    for step, following in zip(above, (*above[1:], last), strict=True):
        below: Any = [] if following.startswith("[") else {}
        if not step.startswith("["):
            place = place.setdefault(step, below)
            continue
        number = int(step[1:-1])
        place.extend([below] if number == len(place) else ())
        place = place[number]
    if last.startswith("["):
        place.append(value)
    else:
        place[last] = value
    inner: Tree = found["spec"]
    return inner


def _scraped(sound: Tree, at: str, rules: str, **places: str) -> Offer:
    """A kind of ours that is scraped; `at` is where its parameters stand, `rules` its relabelling
    of targets."""
    return Offer(
        parents=_SCRAPERS,
        sound=sound,
        wrong={
            "secret": (f"{at}.bearerTokenSecret", ABSENT),
            "certificate": (f"{at}.tlsConfig.ca.secret", ABSENT),
            "action": (f"{rules}[0]", {"action": "kepe"}),
            "regex": (f"{rules}[0]", {"action": "labeldrop", "regex": "("}),
            "selector": (f"{rules}[0]", {"action": "keep", "if": "{a"}),
            "action on series": (f"{at}.metricRelabelConfigs[0]", {"action": "kepe"}),
            "time": (f"{at}.scrapeTimeout", "soon"),
            "interval": (f"{at}.interval", "5"),
            "proxy": (f"{at}.proxyURL", "nowhere"),
            "class": ("spec.scrapeClass", "absent"),
            "size": (f"{at}.params", {"a": [LARGE]}),
            **{name: (path, "absent") for name, path in places.items()},
        },
        words={
            "action": f"{rules}[0].action",
            "regex": f"{rules}[0].regex",
            "selector": f"{rules}[0].if",
            "action on series": f"{at}.metricRelabelConfigs[0].action",
            "size": "spec: makes 200",
        },
    )


def _monitored(sound: Tree, at: str, rules: str, **names: str) -> Offer:
    """A kind of monitoring.coreos.com that is scraped; `names` are those that it spells in its own
    way."""
    token = names.get("token", "bearerTokenSecret")
    interval = names.get("interval", "interval")
    large = names.get("large", f"{at}.params")
    return Offer(
        parents=_SCRAPERS,
        sound=sound,
        wrong={
            "secret": (f"{at}.{token}", ABSENT),
            "certificate": (f"{at}.tlsConfig.ca.secret", ABSENT),
            "action": (f"{rules}[0]", {"action": "kepe"}),
            "regex": (f"{rules}[0]", {"action": "labeldrop", "regex": "("}),
            "action on series": (f"{at}.metricRelabelings[0]", {"action": "kepe"}),
            "time": (f"{at}.scrapeTimeout", "soon"),
            "interval": (f"{at}.{interval}", "5"),
            "class": ("spec.scrapeClass", "absent"),
            "unknown": (f"{rules}[0]", {"action": "labeldrop", "someday": 1}),
            "size": (
                large,
                [{"name": "a", "values": [LARGE]}] if "large" in names else {"a": [LARGE]},
            ),
        },
        words={
            "action": f"{rules}[0].action",
            "regex": f"{rules}[0].regex",
            "action on series": f"{at}.metricRelabelings[0].action",
            "unknown": f"{rules}[0].someday: is not known to this operator",
            "size": "spec: makes 200",
        },
    )


def _rules(offset: str) -> Offer:
    rule = "spec.groups[0].rules[0]"
    return Offer(
        parents=("VMAlert",),
        sound={"groups": [{"name": "g", "rules": [_RULE]}]},
        wrong={
            "expression": (f"{rule}.expr", "sum(rate(a[5m])"),
            "template": (f"{rule}.annotations.text", "{{ $value }}} {{ if"),
            "time": (f"{rule}.for", "soon"),
            "interval": ("spec.groups[0].interval", "soon"),
            "offset": (f"spec.groups[0].{offset}", "soon"),
            "label": (f"{rule}.labels", {"a b": "c"}),
            "record and alert": (f"{rule}.record", "r"),
            "two of a name": ("spec.groups[1]", {"name": "g", "rules": []}),
            "size": (f"{rule}.annotations.text", LARGE),
        },
        words={
            "record and alert": f"{rule}: set either",
            "two of a name": "spec.groups[1].name",
            "size": "spec: makes 200",
        },
    )


def _routes(names: Mapping[str, str], hook: Tree, matcher: Any) -> Offer:
    """A kind of routes; `names` says how it spells what ours spells in snake_case."""

    def at(path: str) -> str:
        for ours, theirs in names.items():
            path = path.replace(ours, theirs)
        return path

    receiver = "spec.receivers[0].webhook_configs[0]"
    wrong = {
        "secret": ("spec.receivers[0].slack_configs[0].api_url", ABSENT),
        "receiver": ("spec.route.receiver", "absent"),
        "receiver below": ("spec.route.routes[0]", {"receiver": "absent"}),
        "time": ("spec.route.group_wait", "soon"),
        "matcher": ("spec.route.matchers[0]", matcher),
        "mute time": ("spec.route.mute_time_intervals[0]", "absent"),
        "size": (f"{receiver}.url", f"http://a/{LARGE}"),
    }
    return Offer(
        parents=("VMAlertmanager",),
        sound={"route": _ROUTE, "receivers": [hook]},
        wrong={name: (at(path), value) for name, (path, value) in wrong.items()},
        words={
            "receiver below": "spec.route.routes[0].receiver",
            "size": "spec: all objects of this VMAlertmanager together make more than",
        },
    )


_TARGETS = {"static": {"targets": ["http://a"]}}
_THEIR_TARGETS = {"staticConfig": {"static": ["http://a"]}}
_NAMES = {
    "webhook_configs": "webhookConfigs",
    "slack_configs": "slackConfigs",
    "api_url": "apiURL",
    "group_wait": "groupWait",
    "mute_time_intervals": "muteTimeIntervals",
}

OFFERS: Mapping[str, Offer] = {
    "VMServiceScrape": _scraped(
        {"endpoints": [{"port": "http"}]}, "spec.endpoints[0]", "spec.endpoints[0].relabelConfigs"
    ),
    "VMPodScrape": _scraped(
        {"podMetricsEndpoints": [{"port": "http"}]},
        "spec.podMetricsEndpoints[0]",
        "spec.podMetricsEndpoints[0].relabelConfigs",
    ),
    "VMProbe": _scraped(
        {"vmProberSpec": {"url": "a"}, "targets": _TARGETS},
        "spec",
        "spec.targets.static.relabelingConfigs",
    ),
    "VMNodeScrape": _scraped({}, "spec", "spec.relabelConfigs", port="spec.port"),
    "VMStaticScrape": _scraped(
        {"targetEndpoints": [{"targets": ["a:1"]}]},
        "spec.targetEndpoints[0]",
        "spec.targetEndpoints[0].relabelConfigs",
    ),
    "VMScrapeConfig": _scraped(
        {"staticConfigs": [{"targets": ["a:1"]}]}, "spec", "spec.relabelConfigs"
    ),
    "ServiceMonitor": _monitored(
        {"endpoints": [{"port": "http"}]}, "spec.endpoints[0]", "spec.endpoints[0].relabelings"
    ),
    "PodMonitor": _monitored(
        {"podMetricsEndpoints": [{"port": "http"}]},
        "spec.podMetricsEndpoints[0]",
        "spec.podMetricsEndpoints[0].relabelings",
    ),
    "Probe": _monitored(
        {"prober": {"url": "a"}, "targets": _THEIR_TARGETS},
        "spec",
        "spec.targets.staticConfig.relabelingConfigs",
        large="spec.params",
    ),
    "ScrapeConfig": _monitored(
        {"staticConfigs": [{"targets": ["a:1"]}]},
        "spec",
        "spec.relabelings",
        token="authorization.credentials",  # noqa: S106  # the name of a field
        interval="scrapeInterval",
    ),
    "VMRule": _rules("eval_delay"),
    "PrometheusRule": _rules("query_offset"),
    "VMAlertmanagerConfig": _routes({}, _HOOK, 'a=~"("'),
    "AlertmanagerConfig": _routes(
        _NAMES, _THEIR_HOOK, {"name": "a", "value": "(", "matchType": "=~"}
    ),
}
"""Kind -> objects of it."""
