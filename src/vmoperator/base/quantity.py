"""Kubernetes quantities: `10Gi`, `500m`, `1e3` as exact numbers."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException

_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_PATTERN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")


def quantity(text: str | int) -> Decimal:
    """The number that a quantity stands for.

    Raises ValueError for anything that the API server would refuse (resource.Quantity).
    """
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity such as 500m, 2, 1.5 or 10Gi")
    number, exponent, suffix = match.groups()
    try:
        return Decimal(f"{number}{exponent or ''}") * _SUFFIXES[suffix or ""]
    except DecimalException as error:
        raise ValueError(f"{text!r} is beyond what can be counted") from error
