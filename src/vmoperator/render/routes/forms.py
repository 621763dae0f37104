"""Forms: texts over which Alertmanager would refuse its whole configuration, checked beforehand.

What is refused here may be secret, so no message repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from vmoperator.api.selected.vmalertmanagerconfig_http import Form
from vmoperator.base.duration import LONGEST_SECONDS, LONGEST_YEARS, duration_seconds
from vmoperator.base.errors import SpecInvalid

# Go's net/url: characters of user, host, port, and what may follow them.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=\u0080-\U0010ffff-]+)(?::[0-9]*)?"
    r"(?P<path>/(?:[^%?#\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?[^#\x00-\x1f\x7f]*)?(?:#(?:[^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*)?"
)
_ACTION = re.compile(r"\{\{-?\s(.*?)\s-?\}\}|\{\{(.*?)\}\}", re.DOTALL)
_OPERAND = r"(?:\$|\$?(?:\.[A-Za-z_]\w*)+|\.|\"(?:[^\"\\\n]|\\[\"\\nrt])*\"|-?[0-9]+|true|false)"
_FUNCTION = (
    r"(?:and|or|not|len|index|slice|print|printf|println|html|js|urlquery|eq|ne|l[te]|g[te])"
)
_CALL = rf"(?:{_OPERAND}|{_FUNCTION}(?:\s+{_OPERAND})+)"
_PIPELINE = re.compile(rf"\s*{_CALL}(?:\s*\|\s*{_FUNCTION}(?:\s+{_OPERAND})*)*\s*")
_PERIOD = re.compile(
    r"0|(?=.)(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?"
)
_GO_DURATION = re.compile(r"0|(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+")
_HOST_PORT = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]+")
# A key that YAML allows without a mark of its own has at most 1024 characters, escapes included.
_LONGEST_KEY = 100


def formed(text: str, form: Form, *, field: str) -> str:
    """The text as Alertmanager takes it. Raises SpecInvalid for one that it would refuse."""
    return _FORMS[form](text, field)


def refuse_long_keys(value: Any, *, field: str) -> None:
    """Raises SpecInvalid for a name, however deep, that YAML cannot hold."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            if len(key) > _LONGEST_KEY:
                message = f"has more than {_LONGEST_KEY} characters"
                raise SpecInvalid(f"{field}.{key[:_LONGEST_KEY]}...", message)
            refuse_long_keys(below, field=f"{field}.{key}")
    for below in value if isinstance(value, list) else ():
        refuse_long_keys(below, field=field)


def is_template(text: str) -> bool:
    """Whether Alertmanager would take the text for a template."""
    return "{{" in text


def _url(text: str, field: str) -> str:
    if url_problem(text):
        raise SpecInvalid(field, url_problem(text))
    return text


def url_problem(text: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """What is wrong with an absolute URL; empty if nothing is."""
    found = _URL.fullmatch(text)
    if found is None or found["scheme"].lower() not in schemes:
        return f"must be a URL such as https://example.com/path ({', '.join(schemes)})"
    return ""


def _templated_url(text: str, field: str) -> str:
    if not is_template(text):
        return _url(text, field)
    refuse_broken_template(text, field=field)
    return text


def refuse_broken_template(text: str, *, field: str) -> None:
    """Raises SpecInvalid for a template that Alertmanager could not read where it knows none of
    its own functions; the actions of conditions and loops are refused with those."""
    rest = _ACTION.sub("", text)
    actions = [one or other for one, other in _ACTION.findall(text)]
    if "{{" in rest or not all(_PIPELINE.fullmatch(action) for action in actions):
        message = (
            "is no template that can be used here; write fields such as {{ .GroupLabels.team }}"
        )
        raise SpecInvalid(field, message)


def period_seconds(text: str, *, field: str) -> float:
    """Seconds of a time with the units of Prometheus, largest unit first."""
    if _PERIOD.fullmatch(text) is None:
        raise SpecInvalid(field, 'must be a time such as "30s", "5m" or "1d12h"')
    seconds = duration_seconds(text)
    if seconds > LONGEST_SECONDS:
        raise SpecInvalid(field, f"must be shorter than {LONGEST_YEARS} years")
    return float(seconds)


def _period(text: str, field: str) -> str:
    period_seconds(text, field=field)
    return text


def _seconds(text: str, field: str) -> str:
    if _GO_DURATION.fullmatch(text):
        return _go_duration(text, field)
    return f"{period_seconds(text, field=field):g}s"


def _go_duration(text: str, field: str) -> str:
    if _GO_DURATION.fullmatch(text) is None:
        raise SpecInvalid(field, 'must be a time with ms, s, m or h, such as "30s" or "1m30s"')
    if duration_seconds(text) > LONGEST_SECONDS:
        raise SpecInvalid(field, f"must be shorter than {LONGEST_YEARS} years")
    return text


def _host_port(text: str, field: str) -> str:
    if _HOST_PORT.fullmatch(text) is None:
        raise SpecInvalid(field, "must be host:port, such as smtp.example.com:587")
    return text


_FORMS: Mapping[Form, Callable[[str, str], str]] = MappingProxyType(
    {
        Form.URL: _url,
        Form.TEMPLATED_URL: _templated_url,
        Form.SECONDS: _seconds,
        Form.GO_DURATION: _go_duration,
        Form.PERIOD: _period,
        Form.HOST_PORT: _host_port,
    }
)
