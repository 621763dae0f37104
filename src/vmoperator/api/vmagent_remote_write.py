"""Where a VMAgent writes to: its targets, and what holds for all of them."""

from __future__ import annotations

from pydantic import Field

from vmoperator.api.auth import ConfigMapKeySelector, HTTPAuth
from vmoperator.api.model import SpecModel
from vmoperator.api.relabeling import RelabelConfig, StreamAggrConfig
from vmoperator.api.scalars import Count, GoDuration, Size


class AWS(SpecModel):
    """Signing of requests as Amazon's managed Prometheus wants them."""

    ec2_endpoint: str | None = None
    """Endpoint of EC2's API (-remoteWrite.aws.ec2Endpoint)."""
    region: str | None = None
    """Region (-remoteWrite.aws.region)."""
    role_arn: str | None = Field(default=None, alias="roleARN")
    """Role to take on (-remoteWrite.aws.roleARN)."""
    service: str | None = None
    """Service to sign for; aps when unset (-remoteWrite.aws.service)."""
    sts_endpoint: str | None = None
    """Endpoint of STS' API (-remoteWrite.aws.stsEndpoint)."""
    use_sigv4: bool | None = None
    """Whether requests are signed at all (-remoteWrite.aws.useSigv4)."""


class RemoteWrite(HTTPAuth):
    """One target of remote write."""

    url: str = Field(min_length=1)
    """Address of the target (-remoteWrite.url)."""
    proxy_url: str | None = Field(default=None, alias="proxyURL")
    """Proxy on the way to the target (-remoteWrite.proxyURL)."""
    aws: AWS | None = None
    """Signing of requests as Amazon's managed Prometheus wants them."""
    url_relabel_config: ConfigMapKeySelector | None = None
    """Key of a ConfigMap with relabelling rules for this target (-remoteWrite.urlRelabelConfig);
    they come behind those of inlineUrlRelabelConfig."""
    inline_url_relabel_config: list[RelabelConfig] | None = None
    """Relabelling rules for this target."""
    stream_aggr_config: StreamAggrConfig | None = None
    """Aggregation of samples for this target (-remoteWrite.streamAggr.config)."""
    send_timeout: GoDuration | None = None
    """Longest time for sending a block (-remoteWrite.sendTimeout)."""
    max_disk_usage: Size | None = None
    """Largest queue on disk for this target (-remoteWrite.maxDiskUsagePerURL)."""
    force_vm_proto: bool | None = Field(default=None, alias="forceVMProto")
    """Whether to insist on VictoriaMetrics' own protocol (-remoteWrite.forceVMProto)."""
    queues: Count | None = None
    """Connections to this target at once (-remoteWrite.queues)."""


class RemoteWriteSettings(SpecModel):
    """What holds for all targets of remote write."""

    max_block_size: Count | None = None
    """Largest block in bytes before compression (-remoteWrite.maxBlockSize)."""
    max_disk_usage_per_url: Size | None = Field(default=None, alias="maxDiskUsagePerURL")
    """Largest queue on disk for each target that names none of its own; 1 GiB when unset, or an
    equal share of the claim of statefulStorage."""
    queues: Count | None = None
    """Connections to each target that names no number of its own."""
    show_url: bool | None = Field(default=None, alias="showURL")
    """Whether targets are shown in the agent's own metrics (-remoteWrite.showURL)."""
    tmp_data_path: str | None = None
    """Folder of the queues (-remoteWrite.tmpDataPath)."""
    flush_interval: GoDuration | None = None
    """Longest time that samples wait for their block to fill (-remoteWrite.flushInterval)."""
    label: dict[str, str] | None = None
    """Labels to add to every sample, whoever sent it (-remoteWrite.label)."""
    use_multi_tenant_mode: bool | None = None
    """Whether samples are taken per tenant (-enableMultitenantHandlers)."""
