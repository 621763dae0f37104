"""What the demo asks of the running programs: data through the cluster, alerts of Alertmanagers."""

import json
import time
from functools import partial
from urllib.parse import urlencode

from demo.errors import DemoFailed
from demo.shell import Kubectl, indented, patiently, say
from demo.texts import (
    STANDIN_DATA_LINE,
    STANDIN_LINE,
    UNSELECTED_LINE,
    VMALERT_RULES,
    alert_line,
    alertmanager_path,
    is_standin,
    keeps_data,
    objects_line,
    programs_line,
    proxy_path,
    rules_line,
    sample_line,
    scraped_programs,
    storage_node_lines,
    storage_nodes,
)

DATA_SECONDS = 60
SCRAPED_SECONDS = 120
ALERT_SECONDS = 90
ALERTMANAGERS = 3
PODS = {
    "vmstorage": 2,
    "vminsert": 2,
    "vmselect": 2,
    "vmagent": 1,
    "vmalert": 2,
    "vmalertmanager": ALERTMANAGERS,
}
OBJECTS = "VMAgent 1, VMAlert 1, VMAlertmanager 1, VMCluster 1"
SAMPLE = 42
# A query that comes before the row would be remembered for some seconds.
_SETTLING_SECONDS = 3


def ask(kubectl: Kubectl) -> None:
    """Shows data that was written and data that was scraped; raises DemoFailed."""
    if is_standin(kubectl.get_raw(proxy_path("vmselect", 8481, "/metrics"))):
        if not keeps_data(kubectl.get_raw(proxy_path("vmstorage", 8482, "/metrics"))):
            _show_connections(kubectl)
            return
        say(STANDIN_DATA_LINE)
    _write_and_read(kubectl)
    _show_scraped(kubectl)


def ask_alertmanagers(kubectl: Kubectl) -> None:
    """Shows each Alertmanager and the alerts that it has; raises DemoFailed if one has none."""
    for index in range(ALERTMANAGERS):
        pod, path = alertmanager_path(index, "/api/v2/alerts")
        answer = patiently(
            partial(kubectl.get_raw, path), wanted="AlwaysFiring", seconds=ALERT_SECONDS
        )
        say(f"  {alert_line(pod, json.loads(answer))}")
    _, path = alertmanager_path(0, "/api/v2/status")
    peers = json.loads(kubectl.get_raw(path))["cluster"]["peers"]
    say(f"  one cluster of {len(peers)}: {', '.join(peer['address'] for peer in peers)}")


def ask_about_the_operator(kubectl: Kubectl) -> None:
    """Shows its alerts in vmalert, and what its metrics say; raises DemoFailed if they lack."""
    kubectl.show("get", "vmrules,vmservicescrapes", "--all-namespaces")
    say(UNSELECTED_LINE)
    rules = patiently(
        partial(kubectl.get_raw, VMALERT_RULES), wanted='"VMOperatorDown"', seconds=ALERT_SECONDS
    )
    say(f"  vmalert evaluates the rules of the chart: {rules_line(rules)}")
    if not _keeps_data(kubectl):
        return
    # Each of its pods knows all objects.
    expression = 'max by (kind) (vmoperator_objects{status="operational"})'
    found = patiently(
        lambda: objects_line(_query(kubectl, expression)), wanted=OBJECTS, seconds=SCRAPED_SECONDS
    )
    say(f"  operational, as vmselect answers `{expression}`:")
    say(indented(indented(found)))


def _keeps_data(kubectl: Kubectl) -> bool:
    """Whether what is written may be read again: true but for stand-ins without a store."""
    if not is_standin(kubectl.get_raw(proxy_path("vmselect", 8481, "/metrics"))):
        return True
    return keeps_data(kubectl.get_raw(proxy_path("vmstorage", 8482, "/metrics")))


def _query(kubectl: Kubectl, expression: str) -> str:
    words = {"query": expression, "nocache": "1", "latency_offset": "1ms"}
    path = f"/select/0/prometheus/api/v1/query?{urlencode(words)}"
    return kubectl.get_raw(proxy_path("vmselect", 8481, path))


def _write_and_read(kubectl: Kubectl) -> None:
    sample = sample_line(SAMPLE)
    # A program whose pod is ready may still wait for the names of its storage nodes.
    insert = proxy_path("vminsert", 8480, "/insert/0/prometheus/api/v1/import/prometheus")
    patiently(lambda: kubectl.post_raw(insert, sample), seconds=DATA_SECONDS)
    say(f"  written through vminsert: {sample.strip()}")
    time.sleep(_SETTLING_SECONDS)
    answer = patiently(
        lambda: _query(kubectl, "vmoperator_demo"), wanted=f'"{SAMPLE}"', seconds=DATA_SECONDS
    )
    say(f"  read through vmselect:    {answer.strip()}")


def _show_scraped(kubectl: Kubectl) -> None:
    """What vmagent scrapes, once all programs of the stack are in it."""
    expression = "count by (program) (up == 1)"
    patiently(partial(_all_scraped, kubectl, expression), seconds=SCRAPED_SECONDS)
    say(f"  scraped by vmagent, as vmselect answers `{expression}`:")
    found = scraped_programs(_query(kubectl, expression))
    say(indented(indented(programs_line(found))))


def _all_scraped(kubectl: Kubectl, expression: str) -> str:
    answer = _query(kubectl, expression)
    found = scraped_programs(answer)
    lacking = [name for name, pods in PODS.items() if found.get(name, 0) < pods]
    if lacking:
        raise DemoFailed(f"not every pod of {', '.join(lacking)} was scraped by vmagent yet")
    return answer


def _show_connections(kubectl: Kubectl) -> None:
    """Without data: health, and what the programs see of each other."""
    say(STANDIN_LINE)
    for program, port in (("vminsert", 8480), ("vmselect", 8481), ("vmstorage", 8482)):
        health = kubectl.get_raw(proxy_path(program, port, "/health"))
        say(f"  {program} /health: {health.strip()}")
    for program, port in (("vminsert", 8480), ("vmselect", 8481)):
        connections = partial(_connections, kubectl, program, port)
        say(indented(patiently(connections, seconds=DATA_SECONDS)))


def _connections(kubectl: Kubectl, program: str, port: int) -> str:
    """How one pod of `program` sees each storage node; raises DemoFailed if it misses one."""
    metrics = kubectl.get_raw(proxy_path(program, port, "/metrics"))
    lines = "\n".join(storage_node_lines(program, metrics))
    if not all(storage_nodes(metrics).values()):
        raise DemoFailed(f"not every storage node is reached:\n{indented(lines)}")
    return lines
