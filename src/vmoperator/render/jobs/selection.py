"""Selection: which scrape objects a parent selects, and the buckets with their jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.api.scrape import ScrapeFields
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.render.buckets import CAPACITY_BYTES, JOBS, Bucket, packed, sealed
from vmoperator.render.copies import without_copies
from vmoperator.render.jobs import (
    vmnodescrape,
    vmpodscrape,
    vmprobe,
    vmscrapeconfig,
    vmservicescrape,
    vmstaticscrape,
)
from vmoperator.render.jobs.lines import line
from vmoperator.render.jobs.mounts import certificates_secret
from vmoperator.render.jobs.rules import said
from vmoperator.render.jobs.scrape_class import chosen_class
from vmoperator.render.jobs.shape import Shape
from vmoperator.render.jobs.terms import Terms
from vmoperator.render.jobs.values import Reader, asset_content

_ASSET = r'"(?:ca|cert|key)_file":"%s/([^"/]+)"'
_SHAPELESS = (AttributeError, TypeError, LookupError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The objects that a parent selects, and their jobs in Secrets."""

    picked: tuple[Picked, ...] = ()
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of objects that are selected."""

    name: str
    ours: str
    """The kind of ours as which it is read."""
    selector: str
    """Field of the parent that selects its objects, without the ending _selector."""
    job_name: str
    """What the names of its jobs begin with; each kind has its own, for one name given twice
    would cost the agent all jobs."""
    job_label: str = ""
    """What stands in the label job instead, where the object says nothing."""


_KINDS = (
    _Kind("VMServiceScrape", "VMServiceScrape", "service_scrape", "serviceScrape"),
    _Kind("ServiceMonitor", "VMServiceScrape", "service_monitor", "serviceMonitor"),
    _Kind("VMPodScrape", "VMPodScrape", "pod_scrape", "podScrape"),
    _Kind("PodMonitor", "VMPodScrape", "pod_monitor", "podMonitor"),
    _Kind("VMProbe", "VMProbe", "probe", "probe"),
    _Kind("Probe", "VMProbe", "probe", "prometheusProbe", "probe"),
    _Kind("VMNodeScrape", "VMNodeScrape", "node_scrape", "nodeScrape"),
    _Kind("VMStaticScrape", "VMStaticScrape", "static_scrape", "staticScrape"),
    _Kind("VMScrapeConfig", "VMScrapeConfig", "scrape_config", "scrapeConfig"),
    _Kind(
        "ScrapeConfig", "VMScrapeConfig", "scrape_config", "prometheusScrapeConfig", "scrapeConfig"
    ),
)
_ON_EVERY_NODE = frozenset({"VMPodScrape"})
"""All that agents look for which each scrape their own node; of others they would take all."""
_ONE_JOB = frozenset({"VMProbe", "VMNodeScrape", "VMScrapeConfig"})
"""Kinds whose first job has no number in its name."""
_JOBS: Mapping[str, Callable[[Any, Shape], list[dict[str, Any]]]] = MappingProxyType(
    {
        "VMServiceScrape": vmservicescrape.jobs,
        "VMPodScrape": vmpodscrape.jobs,
        "VMProbe": vmprobe.jobs,
        "VMNodeScrape": vmnodescrape.jobs,
        "VMStaticScrape": vmstaticscrape.jobs,
        "VMScrapeConfig": vmscrapeconfig.jobs,
    }
)
RESERVED = tuple(f"{kind.job_name}/" for kind in _KINDS)
"""What names of jobs of selected objects begin with."""


def selected_jobs(
    spec: ScrapeFields, terms: Terms, *, base: str, namespace: str, around: Around
) -> Selected:
    """What a parent selects; `base` begins the names of its Secrets, in its namespace."""
    kinds = [
        kind for kind in _KINDS if not terms.place.is_on_every_node or kind.ours in _ON_EVERY_NODE
    ]
    picked = [around.picked(_choice(kind, spec), recipe(kind, terms)) for kind in kinds]
    picked = without_copies(picked, _is_copy)
    picked = list(_once(kinds, picked, is_all=bool(spec.select_all_by_default)))
    assets, too_many = _assets(picked, terms.place.folder, around)
    found = packed(
        (it for one in picked for it in one.fragments if it.ref not in too_many),
        form=JOBS,
        base=base,
        namespace=namespace,
    )
    refused = {**too_many, **found.refused}
    copies = (sealed(certificates_secret(base), assets),) if assets else ()
    return Selected(
        picked=tuple(one.without(refused) for one in picked),
        buckets=(*found.buckets, *copies),
    )


def recipe(kind: _Kind, terms: Terms) -> Recipe:
    """How an object of a kind becomes lines of JSON, one for each job."""

    def make(selected: SelectedObject, around: Around) -> bytes:
        return _made(selected, kind, terms, around)

    return Recipe(key=f"{kind.name}/{terms.key(kind.ours)}", make=make)


def _choice(kind: _Kind, spec: ScrapeFields) -> Choice:
    name = f"{kind.selector}_selector"
    return Choice(
        kinds=(kind.name,),
        field=f"spec.{type(spec).model_fields[name].alias}",
        objects=getattr(spec, name),
        namespaces=getattr(spec, f"{kind.selector}_namespace_selector"),
        takes_all=bool(spec.select_all_by_default),
    )


def _made(selected: SelectedObject, kind: _Kind, terms: Terms, around: Around) -> bytes:
    metadata, folder = selected.metadata, terms.place.folder
    reader = Reader(
        around=around,
        namespace=metadata.namespace,
        folder=folder,
        denies_files=terms.denies_files,
    )
    chosen = chosen_class(getattr(selected.spec, "scrape_class", None), terms.classes)
    by_slices = terms.place.prefers_slices and kind.name == "ServiceMonitor"
    shape = Shape(
        kind=kind.ours,
        namespace=metadata.namespace,
        chosen=chosen,
        terms=terms,
        reader=reader,
        role="endpointslice" if by_slices else "endpoints",
    )
    try:
        jobs = [shape.enforced(job) for job in _JOBS[kind.ours](selected, shape)]
    except _SHAPELESS as error:
        message = f"cannot be rendered: {type(error).__name__}: {error}"
        raise SpecInvalid("spec", message) from error
    content = b"".join(
        line(job, is_on_every_node=terms.place.is_on_every_node)
        for job in _named(jobs, kind, f"{metadata.namespace}/{metadata.name}")
    )
    named = len(reader.assets) + terms.shared_assets * _asking(jobs, kind)
    if content.count(folder.encode()) != named:
        # Else the operator would copy Secrets for whoever writes their names.
        raise SpecInvalid("spec", f"what lies in {folder} belongs to other objects")
    return content


def _asking(jobs: Sequence[dict[str, Any]], kind: _Kind) -> int:
    """How often jobs say what the parent says about the API server."""
    if kind.ours == "VMScrapeConfig":
        return 0
    return sum(len(job.get("kubernetes_sd_configs", ())) for job in jobs)


def _named(jobs: Sequence[dict[str, Any]], kind: _Kind, owner: str) -> Iterator[dict[str, Any]]:
    is_first_plain = kind.ours in _ONE_JOB
    label = [said("job", f"{kind.job_label}/{owner}")] if kind.job_label else []
    for place, job in enumerate(jobs):
        number = "" if is_first_plain and not place else f"/{place}"
        rules = [*label, *job["relabel_configs"]]
        yield {"job_name": f"{kind.job_name}/{owner}{number}", **job, "relabel_configs": rules}


def _is_copy(ours: Fragment, theirs: Fragment) -> bool:
    """Whether both make the same jobs, but for their names and the label that says them."""
    kinds = {kind.name: kind for kind in _KINDS}
    own, foreign = kinds[ours.ref.kind], kinds[theirs.ref.kind]
    content = theirs.content.replace(
        f'{{"job_name":"{foreign.job_name}/'.encode(), f'{{"job_name":"{own.job_name}/'.encode()
    )
    if foreign.job_label:
        owner = f"{foreign.job_label}/{theirs.ref.namespace}/{theirs.ref.name}"
        label = orjson.dumps(said("job", owner))
        content = content.replace(b'"relabel_configs":[%s],' % label, b"")
        content = content.replace(b'"relabel_configs":[%s,' % label, b'"relabel_configs":[')
    return ours.content == content


def _once(kinds: Sequence[_Kind], picked: Sequence[Picked], *, is_all: bool) -> Iterator[Picked]:
    """Without the foreign objects of which there is one of ours by the name, which differs.

    The Go operator makes an object of ours of each, under the same name, and does not mean quite
    the same. Where everything is selected, both are; whoever writes selectors says what he wants.
    """
    ours: dict[str, Picked] = {}
    for kind, one in zip(kinds, picked, strict=True):
        if kind.name == kind.ours:
            ours[kind.ours] = one
        reason = f"spec: the {kind.ours} of this name is scraped instead of it"
        twice = _twins(one, ours[kind.ours]) if is_all and kind.name != kind.ours else ()
        yield one.without(dict.fromkeys(twice, reason))


def _twins(foreign: Picked, ours: Picked) -> list[Ref]:
    """Objects that nobody chose by a selector, and that have the name of a sound one of ours."""
    choice = foreign.choice
    if choice.objects is not None or choice.namespaces is not None or not foreign.fragments:
        return []
    names = {(it.ref.namespace, it.ref.name) for it in ours.fragments if not it.refusal}
    refs = (it.ref for it in foreign.fragments if not it.note or it.content)
    return [ref for ref in refs if (ref.namespace, ref.name) in names]


def _assets(
    picked: Sequence[Picked], folder: str, around: Around
) -> tuple[dict[str, bytes], dict[Ref, str]]:
    """The certificates that jobs name, and the objects whose own would be too many."""
    pattern, mark = re.compile((_ASSET % re.escape(folder)).encode()), folder.encode()
    found: dict[str, bytes] = {}
    refused: dict[Ref, str] = {}
    size = 0
    for fragment in (it for one in picked for it in one.fragments if mark in it.content):
        names = sorted({name.decode() for name in pattern.findall(fragment.content)} - set(found))
        contents = {name: asset_content(name, around) or b"" for name in names}
        more = sum(len(name) + len(content) for name, content in contents.items())
        if size + more > CAPACITY_BYTES:
            message = f"the certificates of all objects are larger than {CAPACITY_BYTES} bytes"
            refused[fragment.ref] = f"spec: {message}: use one authority for more of them"
            continue
        found, size = {**found, **contents}, size + more
    return found, refused
