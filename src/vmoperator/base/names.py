"""Every object name, DNS name and URL that the operator makes, in the Go operator's forms."""

from __future__ import annotations


def component(app: str, parent: str, *, legacy: bool = False) -> str:
    """Name of a component's objects: `vmstorage-N`, or `N-vmstorage` under useLegacyNaming."""
    return f"{parent}-{app}" if legacy else f"{app}-{parent}"


def additional_service(service: str) -> str:
    """Name of the extra Service that a serviceSpec without useAsDefault asks for."""
    return f"{service}-additional-service"


def pod_address(pod: str, *, service: str, namespace: str, domain: str = "") -> str:
    """DNS name of a StatefulSet's pod behind its headless Service.

    Without a cluster domain the resolver's search list completes it, as with the Go operator.
    """
    host = f"{pod}.{service}.{namespace}"
    return f"{host}.svc.{domain}" if domain else host
