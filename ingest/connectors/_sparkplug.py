"""A Sparkplug B host application without I/O: messages in, readings, deaths and rebirth requests out.

After the Sparkplug 3.0 specification, chapter 5 (operational behaviour): births name metrics and aliases,
`seq` keeps the order of a node's messages, a gap waits `reorder_s` for what is missing and then asks for a
rebirth, an NDEATH counts where its bdSeq is that of the last NBIRTH.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Final

from ingest.connectors._source import Asked, pattern, tidy
from ingest.connectors._sparkplug_nodes import (
    SEQS,
    Action,
    Device,
    Known,
    Node,
    Note,
    Publish,
    Sparkplug,
    Stale,
    Told,
    bd_seq,
    flat,
    readings,
)
from ingest.connectors._sparkplug_payload import Metric, decode, number, rebirth

NAMESPACE: Final = "spBv1.0"
_PLACES: Final = ("group", "node", "device", "metric")
_KINDS: Final = frozenset({"NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"})
_OWN: Final = ("bdSeq", "Node Control/", "Device Control/")
_ASK_AGAIN_S_MAX: Final = 300.0
_PARTS_NODE: Final = 4
_PARTS_DEVICE: Final = 5


class Host:
    """All nodes that one broker carries. `receive`, `due` and `lost` give what is to be done, in order."""

    def __init__(self, settings: Sparkplug) -> None:
        """Know nobody yet.

        Raises:
            Invalid: the template of series names cannot be filled in.
        """
        self._settings = settings
        self._unit_properties = frozenset(name.lower() for name in settings.unit_properties)
        self._nodes: dict[tuple[str, str], Node] = {}
        pattern(settings.series, _PLACES, "sparkplug.series")

    def filters(self) -> list[str]:
        """Give the topic filters to subscribe to."""
        return [f"{NAMESPACE}/{group}/#" for group in self._settings.groups or ["+"]]

    def asked(self) -> list[Asked]:
        """Give what is asked for, in words of the settings."""
        return [Asked(one, self._settings.series) for one in self.filters()]

    # -- what happens ----------------------------------------------------------------------------------------

    def receive(self, topic: str, message: bytes, now: int, mono_s: float) -> list[Action]:
        """Take a message; `now` int us UTC is its receipt, `mono_s` the same moment in monotonic seconds."""
        parts = topic.split("/")
        if len(parts) not in {_PARTS_NODE, _PARTS_DEVICE} or parts[0] != NAMESPACE or parts[2] not in _KINDS:
            return []
        group, kind, name, device = parts[1], parts[2], parts[3], parts[4] if len(parts) > _PARTS_NODE else ""
        try:
            payload = decode(message, self._unit_properties)
        except ValueError as error:
            return [Note("payload_invalid", f"{topic}: {error}")]
        node = self._nodes.get((group, name))
        if node is None:
            node = self._nodes[group, name] = Node(group, name)
        return list(self._take(node, Told(kind, device, payload, now), mono_s))

    def due(self, now: int, mono_s: float) -> list[Action]:
        """Do what time asks for: gaps that were waited for long enough, devices that were not born."""
        done: list[Action] = []
        for node in self._nodes.values():
            if node.gap_since_s is not None and mono_s - node.gap_since_s >= self._settings.reorder_s:
                done.append(Note("sequence_gap", f"{node.label}: seq {node.next_seq} never came"))
                done += self._ask(node, now, mono_s)
                done += self._give_up_waiting(node, mono_s)
            if node.unborn and mono_s >= node.births_due_s:
                for device in sorted(node.unborn):
                    done += self._die(node, device)
                node.unborn = set()
        return done

    def lost(self) -> None:
        """Forget the sessions of all nodes: the broker is gone, and with it what they said meanwhile."""
        for node in self._nodes.values():
            node.is_alive = False
            node.waiting, node.gap_since_s, node.asked_s = {}, None, None
            for device in node.devices.values():
                device.is_alive = False
                for known in device.metrics.values():
                    known.is_good = False

    def found(self, now: int, mono_s: float) -> list[Action]:
        """Ask every node known from before for its births: the broker is back."""
        return [action for node in self._nodes.values() for action in self._ask(node, now, mono_s)]

    # -- order -----------------------------------------------------------------------------------------------

    def _take(self, node: Node, one: Told, mono_s: float) -> Iterator[Action]:
        """Put a message in its place by its seq."""
        if one.kind == "NDEATH":
            yield from self._node_death(node, one)
            return
        if one.kind == "NBIRTH":
            yield from self._node_birth(node, one, mono_s)
        elif not node.is_alive:
            yield Note("data_before_birth", f"{node.label}: {one.kind} {one.device}".strip())
            yield from self._ask(node, one.received, mono_s)
            return
        elif one.payload.seq is None or one.payload.seq == node.next_seq:
            if one.payload.seq is not None:
                node.next_seq = (node.next_seq + 1) % SEQS
            yield from self._process(node, one, mono_s)
        elif (one.payload.seq - node.next_seq) % SEQS < SEQS // 2:
            node.waiting[one.payload.seq] = one
            if node.gap_since_s is None:
                node.gap_since_s = mono_s
        elif one.kind in {"NDATA", "DDATA"}:
            # Given up and still come: the readings carry their own times, births and deaths are overtaken.
            yield from self._data(node, one, mono_s)
        yield from self._drain(node, mono_s)

    def _drain(self, node: Node, mono_s: float) -> Iterator[Action]:
        """Process what waited and is next now."""
        while (one := node.waiting.pop(node.next_seq, None)) is not None:
            node.next_seq = (node.next_seq + 1) % SEQS
            yield from self._process(node, one, mono_s)
        if not node.waiting:
            node.gap_since_s = None

    def _give_up_waiting(self, node: Node, mono_s: float) -> Iterator[Action]:
        """Process what waits, in order, holes and all."""
        for seq in node.in_order():
            one = node.waiting.pop(seq)
            node.next_seq = (seq + 1) % SEQS
            yield from self._process(node, one, mono_s)
        node.gap_since_s = None

    def _process(self, node: Node, one: Told, mono_s: float) -> Iterator[Action]:
        match one.kind:
            case "DBIRTH":
                yield from self._born(node, one)
                node.unborn.discard(one.device)
            case "DDEATH":
                yield from self._die(node, one.device)
            case _:
                yield from self._data(node, one, mono_s)

    # -- births and deaths -----------------------------------------------------------------------------------

    def _node_birth(self, node: Node, one: Told, mono_s: float) -> Iterator[Action]:
        """Begin a session: what still waits of the one before is read by its own aliases."""
        begun_ms = one.payload.t_ms or 0
        for seq in node.in_order():
            held = node.waiting[seq]
            if (held.payload.t_ms or 0) < begun_ms:
                del node.waiting[seq]
                if held.kind in {"NDATA", "DDATA"}:
                    yield from self._data(node, held, mono_s)
        node.is_alive, node.aliases = True, {}
        node.asked_s, node.ask_again_s = None, 0.0
        node.bd_seq = bd_seq(one.payload)
        node.next_seq = ((one.payload.seq or 0) + 1) % SEQS
        node.unborn = {name for name, device in node.devices.items() if name and device.is_alive}
        node.births_due_s = mono_s + self._settings.birth_s
        yield from self._born(node, one)

    def _born(self, node: Node, one: Told) -> Iterator[Action]:
        """Take what a birth declares, and the values in it."""
        before = node.devices.get(one.device, Device())
        device = node.devices[one.device] = Device(is_alive=True)
        measured: list[tuple[Metric, Known]] = []
        for metric in flat(one.payload.metrics):
            if metric.name.startswith(_OWN):
                continue
            if metric.alias is not None:
                node.aliases[metric.alias] = (one.device, metric.name)
            known = self._declare(node, one.device, metric)
            if known is None:
                device.left_out.add(metric.name)
                continue
            old = before.metrics.get(metric.name)
            known.is_good = old is not None and old.is_good
            device.metrics[metric.name] = known
            measured.append((metric, known))
        gone = [k.series for name, k in before.metrics.items() if name not in device.metrics and k.is_good]
        if gone:
            yield Stale(gone)
        yield Note("born", f"{node.label}/{one.device}: {len(measured)} series".replace("/:", ":"))
        yield from readings(measured, one, birth=True)

    def _declare(self, node: Node, device: str, metric: Metric) -> Known | None:
        """Give what is kept of a metric, None where it is left out."""
        places = (node.group, node.name, device, metric.name)
        whole = tidy("/".join(places))
        if number(0 if metric.null else metric.raw, metric.datatype) is None:
            return None
        if self._settings.only and not any(fnmatch.fnmatchcase(whole, one) for one in self._settings.only):
            return None
        series = tidy(self._settings.series.format(**dict(zip(_PLACES, places, strict=True))))
        return Known(series, metric.unit, metric.datatype)

    def _node_death(self, node: Node, one: Told) -> Iterator[Action]:
        told = bd_seq(one.payload)
        if told is not None and node.bd_seq is not None and told != node.bd_seq:
            yield Note("death_of_another_session", f"{node.label}: bdSeq {told}, alive is {node.bd_seq}")
            return
        for seq in node.in_order():
            held = node.waiting.pop(seq)
            if held.kind in {"NDATA", "DDATA"}:
                yield from self._data(node, held, None)
        node.is_alive, node.gap_since_s, node.unborn = False, None, set()
        yield Note("died", node.label)
        for device in list(node.devices):
            yield from self._die(node, device)

    def _die(self, node: Node, name: str) -> Iterator[Action]:
        device = node.devices.get(name)
        if device is None:
            return
        device.is_alive = False
        good = [known for known in device.metrics.values() if known.is_good]
        for known in good:
            known.is_good = False
        if name and node.is_alive:
            yield Note("died", f"{node.label}/{name}")
        if good:
            yield Stale([known.series for known in good])

    # -- readings --------------------------------------------------------------------------------------------

    def _data(self, node: Node, one: Told, mono_s: float | None) -> Iterator[Action]:
        measured: list[tuple[Metric, Known]] = []
        unknown: list[str] = []
        for metric in flat(one.payload.metrics):
            device, name = one.device, metric.name
            if not name and metric.alias is not None:
                device, name = node.aliases.get(metric.alias, (one.device, ""))
            if name.startswith(_OWN):
                continue
            owner = node.devices.get(device)
            known = owner.metrics.get(name) if owner is not None and owner.is_alive else None
            if known is not None:
                measured.append((metric, known))
            elif owner is None or not owner.is_alive or name not in owner.left_out:
                unknown.append(name or f"alias {metric.alias}")
        yield from readings(measured, one, birth=False)
        if unknown:
            yield Note("metric_unknown", f"{node.label}/{one.device}: {', '.join(unknown[:3])}")
            if mono_s is not None:
                yield from self._ask(node, one.received, mono_s)

    def _ask(self, node: Node, now: int, mono_s: float) -> Iterator[Action]:
        """Ask for a rebirth, ever more seldom while nobody answers."""
        if node.asked_s is not None and mono_s - node.asked_s < node.ask_again_s:
            return
        node.asked_s = mono_s
        node.ask_again_s = min(max(self._settings.rebirth_s, 2 * node.ask_again_s), _ASK_AGAIN_S_MAX)
        yield Note("rebirth_asked", node.label)
        yield Publish(f"{NAMESPACE}/{node.group}/NCMD/{node.name}", rebirth(now // 1000))
