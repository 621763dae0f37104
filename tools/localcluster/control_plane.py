"""The command lines of the control plane, and of what serves the whole cluster."""

import sys
from pathlib import Path

import yaml

from localcluster import network
from localcluster.paths import Paths

CLIENT_URL = "http://127.0.0.1:2379"
PEER_URL = "http://127.0.0.1:2380"
TOOLS_DIR = Path(__file__).parent.parent
Command = tuple[str, ...]


def etcd(paths: Paths, programs: Path) -> Command:
    return (
        f"{programs}/etcd",
        f"--data-dir={paths.run_dir}/etcd",
        # A test cluster's data need not survive a power cut; a killed etcd loses nothing.
        "--unsafe-no-fsync",
        f"--listen-client-urls={CLIENT_URL}",
        f"--advertise-client-urls={CLIENT_URL}",
        f"--listen-peer-urls={PEER_URL}",
        f"--initial-advertise-peer-urls={PEER_URL}",
        f"--initial-cluster=default={PEER_URL}",
        "--log-level=warn",
    )


def apiserver(paths: Paths, programs: Path, port: int, grace_seconds: int | None = None) -> Command:
    """Pods leave a lost node after as long again as it took to call it lost."""
    pki = paths.pki
    tolerations = ("not-ready", "unreachable") if grace_seconds else ()
    return (
        f"{programs}/kube-apiserver",
        f"--etcd-servers={CLIENT_URL}",
        f"--advertise-address={network.MASTER}",
        f"--secure-port={port}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={network.SERVICES}",
        "--allow-privileged=true",
        f"--audit-policy-file={paths.run_dir}/audit-policy.yaml",
        f"--audit-log-path={paths.audit_log}",
        "--audit-log-maxsize=200",
        "--audit-log-maxbackup=2",
        *(f"--default-{name}-toleration-seconds={grace_seconds}" for name in tolerations),
    )


def controller_manager(paths: Paths, programs: Path, grace_seconds: int | None = None) -> Command:
    grace = (f"--node-monitor-grace-period={grace_seconds}s", "--node-monitor-period=1s")
    return (
        f"{programs}/kube-controller-manager",
        f"--kubeconfig={paths.kubeconfig('controller-manager')}",
        f"--root-ca-file={paths.pki}/ca.crt",
        f"--service-account-private-key-file={paths.pki}/sa.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        *(grace if grace_seconds else ()),
    )


def scheduler(paths: Paths, programs: Path) -> Command:
    kubeconfig = paths.kubeconfig("scheduler")
    return (f"{programs}/kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false")


def proxy(paths: Paths, programs: Path) -> Command:
    """One kube-proxy for all nodes: they share the network namespace that it rules."""
    return (
        f"{programs}/kube-proxy",
        f"--kubeconfig={paths.kubeconfig('proxy')}",
        "--hostname-override=node-1",
        "--proxy-mode=nftables",
        f"--cluster-cidr={network.PODS}",
        "--conntrack-max-per-core=0",
    )


def dns(paths: Paths, programs: Path) -> Command:
    return (f"{programs}/coredns", "-conf", f"{paths.run_dir}/Corefile")


def provisioner(paths: Paths) -> Command:
    module = (sys.executable, "-m", "localcluster.provisioner")
    kubeconfig = paths.kubeconfig("provisioner")
    return (*module, f"--kubeconfig={kubeconfig}", f"--volumes={paths.volumes}")


def forwarder(paths: Paths, port: int) -> Command:
    module = (sys.executable, "-m", "localcluster.forwarder")
    return (*module, f"--port={port}", f"--namespace={paths.network}")


def audit_policy() -> str:
    """Who did what and when, without bodies; one line for each call."""
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "omitManagedFields": True,
        "rules": [{"level": "Metadata"}],
    }
    return yaml.safe_dump(policy, sort_keys=False)


def corefile(kubeconfig: Path) -> str:
    """CoreDNS as a process beside the API server, so that it outlives the loss of any node."""
    return f""".:53 {{
    errors
    health 127.0.0.1:8053
    ready
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""


def resolv_conf() -> str:
    """What a program run by `exec` resolves names with: the cluster's DNS, as in a pod."""
    search = "default.svc.cluster.local svc.cluster.local cluster.local"
    return f"nameserver {network.MASTER}\nsearch {search}\noptions ndots:5\n"


def write_files(paths: Paths) -> None:
    """Writes the files that the commands name, and makes their folders."""
    for folder in (paths.logs, paths.volumes, paths.audit_log.parent, paths.processes):
        folder.mkdir(parents=True, exist_ok=True)
    (paths.run_dir / "audit-policy.yaml").write_text(audit_policy())
    (paths.run_dir / "Corefile").write_text(corefile(paths.kubeconfig("dns")))
    paths.resolv_conf.write_text(resolv_conf())
