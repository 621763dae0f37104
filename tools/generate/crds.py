"""crds/: one file per kind."""

from __future__ import annotations

from generate.yaml_text import HEADER, yaml_text
from vmoperator.api.crd import definitions


def definition_files() -> dict[str, str]:
    """`crds/<plural>.yaml` -> its text."""
    return {
        f"crds/{definition['spec']['names']['plural']}.yaml": HEADER + yaml_text(definition)
        for definition in definitions()
    }
