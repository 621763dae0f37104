"""Fields that no model knows are named by their paths, and only those."""

from __future__ import annotations

import pytest
from tests.unit.api.refused import changed, example

from vmoperator.api.selected.vmalertmanagerconfig import VMAlertmanagerConfig
from vmoperator.api.unknown import unknown
from vmoperator.api.vmcluster import VMCluster


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("specs", {}, "specs"),
        ("spec.retentionperiod", "4", "spec.retentionperiod"),
        ("spec.vmselect.image.tagg", "x", "spec.vmselect.image.tagg"),
        (
            "spec.vmselect.extraStorageNodes",
            [{"addr": "a"}, {"adr": "b"}],
            "spec.vmselect.extraStorageNodes[1].adr",
        ),
    ],
)
def test_a_field_that_no_model_knows_is_named(path: str, value: object, named: str) -> None:
    assert unknown(changed(path, value), VMCluster) == (named,)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.finalizers", ["a"]),
        ("status", {"someday": 1}),
        ("spec.vmstorage.affinity", {"someday": 1}),
        ("spec.vmstorage.containers", [{"name": "a", "someday": 1}]),
        ("spec.vmselect.storage.volumeClaimTemplate.spec.someday", 1),
        ("spec.vmstorage.host_aliases", []),
        ("spec.vmstorage.image", "no object"),
    ],
)
def test_fields_that_are_not_ours_to_know_are_left_alone(path: str, value: object) -> None:
    assert unknown(changed(path, value, example()), VMCluster) == ()


def test_keys_that_users_choose_are_no_fields_but_what_stands_below_them_is() -> None:
    key = {"name": "s", "key": "k"}
    client = {
        "http_headers": {"X-A": {"values": ["b"], "value": "c"}},
        "proxyConnectHeader": {"X-B": [key, {**key, "namespace": "a"}]},
    }
    receiver = {"name": "a", "webhook_configs": [{"url": "http://a", "http_config": client}]}
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAlertmanagerConfig",
        "metadata": {"name": "a"},
        "spec": {"receivers": [receiver]},
    }
    at = "spec.receivers[0].webhook_configs[0].http_config"
    assert unknown(manifest, VMAlertmanagerConfig) == (
        f"{at}.http_headers.X-A.value",
        f"{at}.proxyConnectHeader.X-B[1].namespace",
    )
