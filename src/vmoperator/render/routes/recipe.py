"""Recipe: how a VMAlertmanagerConfig becomes a piece of Alertmanager's configuration."""

from __future__ import annotations

import orjson

from vmoperator.api.around import Around, Recipe
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.vmalertmanagerconfig import VMAlertmanagerConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.options import Options
from vmoperator.render.routes.reader import Reader
from vmoperator.render.routes.receivers import receiver
from vmoperator.render.routes.times import interval
from vmoperator.render.routes.tree import Tree


def recipe(options: Options) -> Recipe:
    """The recipe of one VMAlertmanager: one line of JSON with route, receivers, inhibit_rules and
    time_intervals, as far as the object has them."""

    def made(selected: SelectedObject, around: Around) -> bytes:
        if not isinstance(selected, VMAlertmanagerConfig):
            raise SpecInvalid("kind", f"must be VMAlertmanagerConfig, not {selected.kind}")
        return piece(selected, around, options)

    return Recipe(key=options.key, make=made)


def piece(config: VMAlertmanagerConfig, around: Around, options: Options) -> bytes:
    """One object. Raises SpecInvalid, which names the field, for what Alertmanager would refuse."""
    spec, metadata = config.spec, config.metadata
    prefix = f"{metadata.namespace}-{metadata.name}-"
    reader = Reader(around, metadata.namespace, options)
    tree = Tree(
        namespace=metadata.namespace,
        prefix=prefix,
        receivers=frozenset(it.name for it in spec.receivers or ()),
        times=frozenset(it.name for it in spec.time_intervals or ()),
        options=options,
    )
    made = {
        "route": tree.top(spec.route) if spec.route else None,
        "receivers": [
            receiver(it, reader, name=f"{prefix}{it.name}", field=f"spec.receivers[{n}]")
            for n, it in enumerate(spec.receivers or ())
        ],
        "inhibit_rules": [
            tree.inhibition(it, field=f"spec.inhibit_rules[{n}]")
            for n, it in enumerate(spec.inhibit_rules or ())
        ],
        "time_intervals": [
            {
                "name": f"{prefix}{named.name}",
                "time_intervals": [
                    interval(it, field=f"spec.time_intervals[{n}].time_intervals[{m}]")
                    for m, it in enumerate(named.time_intervals)
                ],
            }
            for n, named in enumerate(spec.time_intervals or ())
        ],
    }
    return orjson.dumps({key: value for key, value in made.items() if value}) + b"\n"
