"""Every object name, DNS name and URL that the operator makes, in the Go operator's forms."""

from __future__ import annotations

import hashlib
import re

from vmoperator.base.manifest import Ref

_DNS_LABEL_LENGTH = 63
# A key of a Secret has at most 253 characters.
_LONGEST_FILE = 200

RULES_FOLDER = "/etc/vmalert/rules"
"""Where vmalert finds the files of rules."""
JOB_MARKER = "vmoperator-bucket/"
JOB_MARKER_DIGITS = 12
"""A job without targets has this name, and so many hexadecimal digits of the content behind it:
the program that shows it runs that content."""


def component(app: str, parent: str, *, legacy: bool = False) -> str:
    """Name of a component's objects: `vmstorage-N`, or `N-vmstorage` under useLegacyNaming."""
    return f"{parent}-{app}" if legacy else f"{app}-{parent}"


def internal(app: str, parent: str, *, legacy: bool = False) -> str:
    """Name of the Service over a component's pods when its own leads to a load balancer."""
    return f"{parent}-{app}-internal" if legacy else f"{app}internal-{parent}"


def additional_service(service: str) -> str:
    """Name of the extra Service that a serviceSpec without useAsDefault asks for."""
    return f"{service}-additional-service"


def pod_address(pod: str, *, service: str, namespace: str, domain: str = "") -> str:
    """DNS name of a StatefulSet's pod behind its headless Service.

    Without a cluster domain the resolver's search list completes it, as with the Go operator.
    """
    return f"{pod}.{service_address(service, namespace=namespace, domain=domain)}"


def service_address(service: str, *, namespace: str, domain: str = "") -> str:
    """DNS name of a Service; the resolver's search list completes it without a domain."""
    host = f"{service}.{namespace}"
    return f"{host}.svc.{domain}" if domain else host


def pod_host(service: str, ordinal: int, *, namespace: str, domain: str = "") -> str:
    """DNS name of a StatefulSet's pod behind its headless Service, for clients in any namespace."""
    host = f"{service}-{ordinal}.{service}.{namespace}.svc"
    return f"{host}.{domain}" if domain else host


def volume(prefix: str, source: str) -> str:
    """Name of the volume that holds a Secret or ConfigMap: a DNS label made from its name."""
    name = re.sub(r"[^a-z0-9-]", "-", f"{prefix}-{source}".lower())
    return name[:_DNS_LABEL_LENGTH].rstrip("-")


def rules_file(ref: Ref) -> str:
    """Name of the file with the rules of one object: NAMESPACE_NAME.vmrule.yaml.

    The file is part of the identity of a group (vmalert, Group.CreateID), so it depends on nothing
    but the object.
    """
    name = f"{ref.namespace}_{ref.name}"
    if len(name) > _LONGEST_FILE:
        name = f"{name[:_LONGEST_FILE]}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"
    return f"{name}.{ref.kind.lower()}.yaml"


def is_dns_label(name: str, *, longest: int = _DNS_LABEL_LENGTH) -> bool:
    """True if a Service may have this name (RFC 1035: starts with a letter, no dots)."""
    return len(name) <= longest and re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name) is not None
