"""Objects as the schemas of their kinds allow them: some of their fields, with values that fit the
name of each, and now and then with texts that fit nothing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from tests.unit.api.prometheus.definitions import outlines

Schema = dict[str, Any]

CRDS = Path(__file__).parents[4] / "crds"
_TIMES = ("30s", "1m30s", "5m", "1h", "500ms", "", "1.5m")
_NAMES = ("job", "instance", "__address__", "__meta_kubernetes_pod_name", "a_b", "x")
_FILES = ("/etc/vm/secrets/credentials/value", "/etc/prometheus/secrets/a/b")
_URLS = ("http://a:8080/b", "https://a.b.c/d?e=f", "http://[::1]:80")
_ACTIONS = ("replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep", "hashmod", "lowercase")
_MORE_ACTIONS = ("uppercase", "keepequal", "dropequal", "keep_metrics", "drop_metrics", "graphite")
_WORDS = ("a", "b-c", "web", "é", "%{HOME}", "a'b", 'a"b', "{{ x }}", "x: y", "$1", "")
_ODD = (
    *("\\", "\x85", "\u2028", "\x00", "~", "null", "#", "- ", "\t", "🙂", "!!binary x", "&a", "*a"),
    *("\r\n", "yes", "1e3", "(", "[", "a++", "{", "http://", "://", "1y1y", "-1", "0x", "=", "%"),
)
_TLS = (
    {"insecureSkipVerify": True},
    {"ca": {"secret": {"name": "authorities", "key": "ca.crt"}}, "serverName": "a"},
    {"ca": {"configMap": {"name": "authorities", "key": "ca.crt"}}},
)
_PROXY_CLIENT = (
    {"basic_auth": {"username": {"name": "credentials", "key": "a"}}},
    {"bearer_token_file": "/a/b"},
    {"tls_config": {"insecureSkipVerify": True}},
)
_FITTING: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (r"eval_offset", ("",)),
    (r".*(interval|timeout|offset|_delay|_wait)|(keep_firing_)?for", _TIMES),
    (r"alert|record", ("a", "a:b", "")),
    (r"expr", ("up", "sum(rate(a[5m])) by (b) > 1", "a{b='c'}")),
    (r"tenant", ("",)),
    (r"matchers|target_matchers|source_matchers", ("a=b", 'a=~"b|c"')),
    (r"receiver", ("a", "")),
    (r"mute_time_intervals|active_time_intervals|routes", ("",)),
    (r"action", (*_ACTIONS, *_MORE_ACTIONS)),
    (r"regex", ("a|b", "(.*)", "", "a{2}", "(?i)x")),
    (r"if", ('{a="b"}', 'up{a=~"b.*"}', ['{a="b"}', "up"])),
    (r"match", ("foo.*.bar", "a.b")),
    (r".*labels?", _NAMES),
    (r"replacement", ("$1", "x", "", "${1}-$2", "%{HOME}")),
    (r"separator", (";", "", ",")),
    (r"key", ("value", "a", "tls.crt")),
    (r"name", ("credentials", "client", "a", "absent")),
    (r"(url|token_?url|apiserver|identityendpoint)", _URLS),
    (r"(server|host|servers|apiendpoint)", (*_URLS, "consul:8500", "a")),
    (r"proxy_?url", (*_URLS, "socks5://a:1")),
    (r".*files?", _FILES),
    (r"(targets|static)", ("a:1", "http://a/b", "[::1]:90", "é:1", "%{HOME}:1")),
    (r"targetport|port|targetPort", ("http", "8080")),
    (r"headers", ("A: b", "X-Y:", "a: b: c")),
    (r"type", ("Bearer", "Custom")),
    (r".*size.*", ("1MB", "10KiB", "1GB")),
    (r"zone", ("a", ["a", "b"])),
    (r"tls_config", _TLS),
    (r"proxy_client_config", _PROXY_CLIENT),
    (r"discoveryrole|servicediscoveryrole", ("Endpoints", "EndpointSlice")),
    (r"operator", ("In", "NotIn")),
    (r"scrapeclass", ("a",)),
)
_NEEDED = ("target_label", "targetLabel", "name", "client_id")
"""Fields without which the part that may hold them is refused; of several the first one."""
_ALSO = {"PodMonitor": ("podMetricsEndpoints",), "Probe": ("prober", "targets")}
"""What ours require beside the definitions of monitoring.coreos.com."""


@cache
def own(kind: str) -> Schema:
    """The schema of the specification of a kind of ours, from its definition."""
    text = (CRDS / f"{kind.lower()}s.yaml").read_text()
    definition = yaml.load(text, Loader=yaml.CSafeLoader)  # noqa: S506  # the safe loader, in C
    (version,) = definition["spec"]["versions"]
    found: Schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def theirs(kind: str) -> Schema:
    """The schema of the specification of a kind of monitoring.coreos.com."""
    marks = {name: f"{name}!" for name in _ALSO.get(kind, ())}
    return shaped({marks.get(name, name): it for name, it in outlines()[kind].items()})


def shaped(given: Any) -> Schema:
    """A schema from an outline: a map, a list of one entry, True, 1, or "" for a leaf; a leaf of
    several words is one of them, and a name that ends in ! is required."""
    if isinstance(given, dict):
        if "*" in given:
            return {"type": "object", "additionalProperties": shaped(given["*"])}
        names = {name.removesuffix("!"): shaped(it) for name, it in given.items()}
        required = [name.removesuffix("!") for name in given if name.endswith("!")]
        return {"type": "object", "properties": names, "required": required}
    if isinstance(given, list):
        return {"type": "array", "items": shaped(given[0])}
    if isinstance(given, str):
        return {"type": "string", **({"enum": given.split()} if given else {})}
    return {"type": "boolean" if given is True else "integer"}


def specifications(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """A specification by a schema; one of four holds odd texts."""

    # Without arguments, for hypothesis prints them, and that takes it a minute.
    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        is_odd = draw(st.integers(0, 3)) == 0
        found: dict[str, Any] = _value(draw, schema, "spec", is_odd=is_odd)
        return found

    return drawn()


def _value(draw: st.DrawFn, schema: Schema, name: str, *, is_odd: bool) -> Any:
    if "properties" in schema:
        each, names = schema["properties"], _fields(draw, schema, most=5 if name == "spec" else 3)
        return {it: _value(draw, each[it], it, is_odd=is_odd) for it in names}
    if schema.get("type") == "array":
        count = draw(st.sampled_from((1, 1, 1, 2, 0 if is_odd else 1)))
        return [_value(draw, schema["items"], name, is_odd=is_odd) for _ in range(count)]
    if isinstance(schema.get("additionalProperties"), dict):
        keys = draw(st.lists(st.sampled_from((*_NAMES, "a-b")), max_size=2, unique=True))
        below = schema["additionalProperties"]
        return {key: _value(draw, below, f"of_{name}", is_odd=is_odd) for key in keys}
    return draw(_leaf(name, schema, is_odd=is_odd))


def _fields(draw: st.DrawFn, schema: Schema, *, most: int) -> list[str]:
    """What a part says: what it must, what makes no sense without, and some of the rest."""
    each = schema["properties"]
    if set(each) == {"secret", "configMap"}:
        return [draw(st.sampled_from(sorted(each)))]
    needed = [it for it in _NEEDED if it in each][:1]
    first = list(dict.fromkeys((*schema.get("required", []), *needed)))
    rest = sorted(set(each) - set(first))
    chosen = st.lists(st.sampled_from(rest), max_size=most, unique=True) if rest else st.just([])
    return [*first, *draw(chosen)]


def _leaf(name: str, schema: Schema, *, is_odd: bool) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum", 2**31 - 1)
        return st.sampled_from((low, 1, 80, 1000, high) if is_odd else (1, 80, 1000))
    fitting = next((it for how, it in _FITTING if re.fullmatch(how, name.lower())), _WORDS)
    return st.sampled_from((*fitting, *_ODD) if is_odd and kind == "string" else fitting)
