"""Where everything of a cluster lies: one run directory per name, programs in a shared cache."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from localcluster.errors import ClusterError

DEFAULT_NAME = "vmoperator"
# A unix socket's path holds 107 bytes; this is the longest below the run directory.
LONGEST_RUN_DIR = 107 - len("/nodes/node-1/kubelet/pod-resources/kubelet.sock")


def cache_root() -> Path:
    """The folder of all caches: $VMOPERATOR_CACHE, else ~/.cache/vmoperator."""
    given = os.environ.get("VMOPERATOR_CACHE")
    return Path(given).absolute() if given else Path.home() / ".cache" / "vmoperator"


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of one cluster."""

    name: str
    cache: Path

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", self.name):
            raise ClusterError(
                f"cluster name {self.name!r}: use 1 to 32 lower-case letters, digits and '-'"
            )
        if len(str(self.run_dir)) > LONGEST_RUN_DIR:
            raise ClusterError(
                f"{self.run_dir} is too long for unix sockets (at most {LONGEST_RUN_DIR} "
                "characters): choose a shorter --name, or set VMOPERATOR_CACHE to a shorter path"
            )

    @property
    def run_dir(self) -> Path:
        return self.cache / "clusters" / self.name

    @property
    def lock(self) -> Path:
        return self.cache / "clusters" / f"{self.name}.lock"

    @property
    def state(self) -> Path:
        return self.run_dir / "cluster.json"

    @property
    def pki(self) -> Path:
        return self.run_dir / "pki"

    @property
    def kube(self) -> Path:
        return self.run_dir / "kube"

    @property
    def logs(self) -> Path:
        return self.run_dir / "log"

    @property
    def processes(self) -> Path:
        return self.run_dir / "processes"

    @property
    def volumes(self) -> Path:
        return self.run_dir / "volumes"

    @property
    def audit_log(self) -> Path:
        return self.run_dir / "audit" / "audit.log"

    @property
    def resolv_conf(self) -> Path:
        return self.run_dir / "resolv.conf"

    @property
    def images(self) -> Path:
        """Image archives, shared by all clusters of this cache."""
        return self.cache / "images"

    @property
    def namespace(self) -> str:
        """Name of the network namespace and cgroup; other cache roots get names of their own."""
        if "VMOPERATOR_CACHE" not in os.environ:
            return f"localcluster-{self.name}"
        return (
            f"localcluster-{self.name}-{hashlib.sha256(str(self.cache).encode()).hexdigest()[:6]}"
        )

    @property
    def network(self) -> Path:
        """The file that holds the network namespace."""
        return Path("/run/netns") / self.namespace

    def node(self, node: str) -> Path:
        return self.run_dir / "nodes" / node

    def kubeconfig(self, user: str) -> Path:
        return self.kube / f"{user}.conf"
