"""Visitors without a browser: what a hundred WebSocket sessions wait for when each changes a control now and then.

A visitor sends what the page of a browser sends (the controls that it moved, its link, the large messages that it
already holds) and reads every message up to the end of the script. What Chromium then takes to draw is not counted.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from tests.browser.harness import Server

SECONDS = 180
#: Controls that a visitor can move, by the type of their message.
CONTROLS = ("selectbox", "button_group", "multiselect", "checkbox")


@dataclass(frozen=True)
class Pace:
    """How the visitors behave.

    Attributes
    ----------
    visitors : int
        Sessions open at the same time.
    gestures : int
        Controls moved by each, one after another.
    think : float
        Mean seconds between the end of a run and the next gesture; each wait is drawn evenly from half to three halves.
    ramp : float
        Seconds over which the sessions arrive.
    """

    visitors: int
    gestures: int
    think: float
    ramp: float


@dataclass(frozen=True)
class Control:
    """A control met on a page: its identifier, its key in the link, and what it may be set to."""

    kind: str
    id: str
    key: str
    options: tuple[str, ...]


@dataclass
class Visitor:
    """One session, and how long it waited.

    Attributes
    ----------
    query : dict of str to str
        Its link.
    opening : list of float
        Seconds of the first run.
    waits : list of (str, float)
        Key of the control moved, seconds to the end of the run.
    errors : list of str
        Exceptions drawn.
    """

    query: dict[str, str]
    page: str
    draw: np.random.Generator
    opening: list[float] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _moved: dict[str, tuple[Control, str]] = field(default_factory=dict)
    _held: list[str] = field(default_factory=list)
    _met: dict[str, Control] = field(default_factory=dict)

    async def visit(self, address: str, pace: Pace, keys: Sequence[Sequence[str]]) -> None:
        """Arrive, look, and move one control after another, each of a group of `keys` drawn anew."""
        await asyncio.sleep(self.draw.uniform(0, pace.ramp))
        async with connect(
            address, subprotocols=["streamlit"], open_timeout=SECONDS, max_size=None, ping_interval=None, proxy=None
        ) as socket:
            self.opening.append(await self._run(socket))
            for _ in range(pace.gestures):
                await asyncio.sleep(pace.think * self.draw.uniform(0.5, 1.5))
                moved = self._move(self._pick(keys))
                if moved is not None:
                    self.waits.append((moved, await self._run(socket)))

    def _move(self, keys: Sequence[str]) -> str | None:
        """Set a control of the page to something else; its key, None when the page has none."""
        there = [c for c in self._met.values() if c.key in keys and len(c.options) > 1]
        if not there:
            return None
        control = self._pick(there)
        before = self._moved.get(control.id, (None, control.options[0]))[1]
        value = self._pick([o for o in control.options if o != before])
        self._moved[control.id] = (control, value)
        self.query[control.key] = value
        return control.key

    def _pick(self, among: Sequence):
        return among[int(self.draw.integers(len(among)))]

    async def _run(self, socket: ClientConnection) -> float:
        """Ask for a run and read it to its end: seconds."""
        self._met.clear()
        start = time.perf_counter()
        await socket.send(self._request())
        async with asyncio.timeout(SECONDS):
            while not self._take(await socket.recv()):
                pass
        return time.perf_counter() - start

    def _request(self) -> bytes:
        request = BackMsg()
        run = request.rerun_script
        run.page_name, run.query_string = self.page, urlencode(self.query)
        run.cached_message_hashes.extend(self._held)
        for control, value in self._moved.values():
            state = run.widget_states.widgets.add(id=control.id)
            if control.kind == "checkbox":
                state.bool_value = value == "true"
            elif control.kind == "selectbox":
                state.string_value = value
            else:
                state.string_array_value.data.append(value)
        return request.SerializeToString()

    def _take(self, frame: bytes) -> bool:
        """Read a message; True for the last one of a run that is not started again at once."""
        message = ForwardMsg.FromString(frame)
        kind = message.WhichOneof("type")
        if message.metadata.cacheable and message.hash:
            self._held.append(message.hash)
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._meet(message.delta.new_element)
        return kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def _meet(self, element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(element.exception.message)
        if kind not in CONTROLS:
            return
        widget = getattr(element, kind)
        if kind == "checkbox":
            options = ("false", "true")
        else:
            options = tuple(o.content if kind == "button_group" else o for o in widget.options)
        self._met[widget.id] = Control(kind, widget.id, widget.query_param_key, options)


@dataclass(frozen=True)
class Waits:
    """What the visitors of one server waited for.

    Attributes
    ----------
    openings, gestures : list of float
        Seconds, first runs and those after a gesture.
    by_key : dict of str to list of float
        Seconds by control moved.
    cpu : float
        Seconds of processor that the server spent by run, gestures and openings together.
    busy : float
        Share of one processor that the server took while they were there.
    errors : list of str
    """

    openings: list[float]
    gestures: list[float]
    by_key: dict[str, list[float]]
    cpu: float
    busy: float
    errors: list[str]


def welcome(
    server: Server, pages: Sequence[tuple[str, dict[str, str]]], keys: Sequence[Sequence[str]], pace: Pace, *,
    seed: int = 0,
) -> Waits:  # fmt: skip
    """Let visitors come to the pages in turn, and measure what they wait for.

    Parameters
    ----------
    server : Server
        Ready.
    pages : sequence of (str, dict)
        Address and link of each kind of visitor, in turn.
    keys : sequence of sequences of str
        Controls they move, by key in the link: a group is drawn, then one of its controls that the page has.
    pace : Pace
    seed : int
        Another one, and they do other things.
    """
    visitors = [_visitor(number, pages, seed) for number in range(pace.visitors)]
    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    process = psutil.Process(server.process.pid)
    spent, start = _cpu(process), time.perf_counter()
    asyncio.run(_all(visitors, address, pace, keys))
    spent, lasted = _cpu(process) - spent, time.perf_counter() - start
    waits = [wait for visitor in visitors for wait in visitor.waits]
    openings = [s for visitor in visitors for s in visitor.opening]
    by_key: dict[str, list[float]] = {}
    for key, seconds in waits:
        by_key.setdefault(key, []).append(seconds)
    runs = len(openings) + len(waits)
    return Waits(
        openings, [s for _, s in waits], by_key, spent / max(runs, 1), spent / lasted,
        [error for visitor in visitors for error in visitor.errors],
    )  # fmt: skip


def _visitor(number: int, pages: Sequence[tuple[str, dict[str, str]]], seed: int) -> Visitor:
    page, query = pages[number % len(pages)]
    return Visitor(dict(query), page, np.random.default_rng((seed, number)))


async def _all(visitors: Sequence[Visitor], address: str, pace: Pace, keys: Sequence[Sequence[str]]) -> None:
    async with asyncio.TaskGroup() as group:
        for visitor in visitors:
            group.create_task(visitor.visit(address, pace, keys))


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


def centiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th centile (nearest rank) and maximum; NaN without a measure."""
    if not seconds:
        return float("nan"), float("nan"), float("nan")
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[-(-95 * len(ordered) // 100) - 1], ordered[-1]
