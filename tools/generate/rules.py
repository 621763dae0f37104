"""One rule of a role: its reason as a sentence, and both as YAML."""

from __future__ import annotations

from generate.yaml_text import yaml_text
from vmoperator.apply.rights import Right


def sentence(right: Right) -> str:
    """Why the rule is there."""
    return f"{right.why[0].upper()}{right.why[1:]}."


def rule_text(right: Right) -> str:
    """The rule, as an entry of a list, below its reason as a comment."""
    return f"# {sentence(right)}\n{yaml_text([right.rule])}"
