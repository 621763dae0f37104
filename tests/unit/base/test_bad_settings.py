"""Bad settings: each variable refuses what it cannot mean, by its name and what it has to be."""

from __future__ import annotations

import pytest

from vmoperator.base.environment import settings_of, variables
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings

FLAG = (("maybe", "must be true or false"), ("2", "must be true or false"))
TAG = (
    ("v1 150", "must be a tag"),
    ("-v1", "must be a tag"),
    ("v" * 129, "must be a tag"),
)
KEYS = (
    ("team", "KEY=VALUE"),
    ("=b", "KEY=VALUE"),
    ("a b=c", "a b must be a key"),
    ("a/b/c=d", "a/b/c must be a key"),
    ("_/a=b", "_/a must be a key"),
    ("/a=b", "/a must be a key"),
    (f"{'a' * 64}=b", "must be a key"),
    ("a=b,a=c", "a is given twice"),
    ("managed-by=me", "managed-by is the operator's own"),
    ("shard-num=1", "shard-num is the operator's own"),
    ("app.kubernetes.io/name=x", "app.kubernetes.io/name is the operator's own"),
    ("app.kubernetes.io/instance=x", "the operator's own"),
    ("app.kubernetes.io/component=x", "the operator's own"),
    ("app.kubernetes.io/part-of=x", "the operator's own"),
    ("operator.victoriametrics.com/owner=x", "the operator's own"),
)
BAD: dict[str, tuple[tuple[str, str], ...]] = {
    "VM_CONTAINERREGISTRY": (
        ("https://example.com", "must be a registry"),
        ("example.com/", "must be a registry"),
        ("example.com:http", "must be a registry"),
        ("a b", "must be a registry"),
    ),
    "VM_METRICS_VERSION": (*TAG, (f"sha256:{'a' * 64}", "must be a tag")),
    "VM_CLUSTERDOMAINNAME": (
        ("cluster local", "must be a DNS domain"),
        (".cluster.local", "must be a DNS domain"),
        ("Cluster.Local", "must be a DNS domain"),
        ("cluster..local", "must be a DNS domain"),
        ("http://cluster.local", "must be a DNS domain"),
        ("a." * 130 + "a", "must be a DNS domain"),
    ),
    "VM_LOOPBACK": (
        ("localhost:80", "must be a host name or an IP address"),
        ("::1::", "must be a host name or an IP address"),
        ("local host", "must be a host name or an IP address"),
    ),
    "VM_ENABLETCP6": FLAG,
    "VM_USE_OLD_BACKUP_RESTORE_PORT_NAMES": FLAG,
    "VM_VMSERVICESCRAPEDEFAULT_ENFORCEENDPOINTSLICES": FLAG,
    "VM_ENABLESTRICTSECURITY": FLAG,
    "VM_USEDEFAULTRESOURCES": FLAG,
    "VM_ENABLE_DEFAULT_PRESTOP_HOOK": FLAG,
    "VM_DISABLESELFSERVICESCRAPECREATION": FLAG,
    "VM_SHARDS_AT_ONCE": (
        ("all", "must be a number above 0"),
        ("0", "must be a number above 0"),
        ("-1", "must be a number above 0"),
        ("0%", "must be a number above 0"),
        ("½", "must be a number above 0"),
    ),
    "VM_FORCERESYNCINTERVAL": (
        ("60", "'60' is not a duration"),
        ("-1m", "'-1m' is not a duration"),
        ("often", "'often' is not a duration"),
        ("1s", "must be 0 or at least 10s"),
    ),
    "VM_COMMON_LABELS": (
        *KEYS,
        ("a=b c", "the value 'b c' of a must be"),
        (f"a={'b' * 64}", "of a must be"),
        ("a=-b", "the value '-b' of a must be"),
    ),
    "VM_COMMON_ANNOTATIONS": KEYS,
}
"""Variables of all programs, and for each some texts with what is said of them."""
OWN: dict[str, tuple[tuple[str, str], ...]] = {
    "_PORT": (
        ("http", "must be a port"),
        ("0", "must be a port"),
        ("-1", "must be a port"),
        ("65536", "must be a port"),
        ("٨٠", "must be a port"),
    ),
    "_TERMINATION_GRACE_PERIOD_SECONDS": (
        ("1m", "must be a number of seconds"),
        ("0", "must be a number of seconds above 0"),
        ("-1", "must be a number of seconds"),
    ),
    "_CPU": (("much", "'much' is not a quantity"), ("-1", "must not be below 0")),
    "_MEM": (("1GB", "'1GB' is not a quantity"), ("-1Gi", "must not be below 0")),
    "_EPHEMERAL_STORAGE": (("1 Gi", "is not a quantity"), ("-1Gi", "must not be below 0")),
    "VERSION": (*TAG, ("sha256:abc", "must be a tag such as v1.150.0, or a digest")),
    "IMAGE": (
        ("Example", "must be a repository"),
        ("example.com/vmagent:v1", "must be a repository"),
        ("https://example.com/vmagent", "must be a repository"),
        ("example.com/", "must be a repository"),
    ),
}
"""Ends of names of variables of one program."""


def bad(name: str) -> tuple[tuple[str, str], ...]:
    if name.startswith("VM_ENABLEDPROMETHEUSCONVERTER_"):
        return FLAG
    return BAD.get(name) or next(it for end, it in OWN.items() if name.endswith(end))


@pytest.mark.parametrize("name", [it.name for it in variables()])
def test_what_a_variable_cannot_mean_is_refused_with_its_name(name: str) -> None:
    for text, words in bad(name):
        with pytest.raises(SettingsInvalid) as refused:
            settings_of({name: text}, Settings())
        told = str(refused.value)
        assert told.startswith(f"{name}={text}: "), told
        assert words in told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("VM_CONTAINERREGISTRY", "registry.example.com:5000/mirror/vm"),
        ("VM_CONTAINERREGISTRY", "localhost:5000"),
        ("VM_VMAGENTDEFAULT_IMAGE", "registry.example.com:5000/a/b__c/d-e.f"),
        ("VM_VMAGENTDEFAULT_VERSION", f"sha256:{'a' * 64}"),
        ("VM_VMALERTMANAGER_ALERTMANAGERVERSION", "v0.31.1-rc.1_x"),
        ("VM_CLUSTERDOMAINNAME", "k8s.example.com"),
        ("VM_CLUSTERDOMAINNAME", "cluster.local."),
        ("VM_LOOPBACK", "::1"),
        ("VM_LOOPBACK", "[::1]"),
        ("VM_FORCERESYNCINTERVAL", "10s"),
        ("VM_SHARDS_AT_ONCE", "100%"),
        ("VM_VMAGENTDEFAULT_RESOURCE_REQUEST_CPU", "0"),
        ("VM_COMMON_LABELS", "example.com/team=a, empty=, cost_centre=12.3"),
        ("VM_COMMON_ANNOTATIONS", "example.com/note=any words: (of) people"),
    ],
)
def test_what_makes_sense_is_taken(name: str, text: str) -> None:
    assert settings_of({name: text}, Settings()) != Settings()
