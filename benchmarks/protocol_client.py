"""A visitor without a browser: it speaks Streamlit's protocol, moves widgets, and says how long the answers took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

WIDGETS = ("slider", "selectbox", "checkbox", "button_group", "radio", "button")


@dataclass
class Widget:
    """A control as the last run drew it."""

    kind: str
    label: str
    proto: Any


@dataclass
class Answer:
    """What one run of a page gave.

    Attributes:
        seconds: from asking to the end of the run.
        widgets: by label.
        metrics: label → number, as they are written.
        errors: tracebacks and error boxes.
        text: of its Markdown.
    """

    seconds: float
    widgets: dict[str, Widget] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class Visitor:
    """One session: ``async with Visitor(url) as visitor: await visitor.open("walks")``.

    Args:
        url: of the server.
        page: that the link leads to.
        query: of the link.
    """

    def __init__(self, url: str, page: str = "", **query: str) -> None:
        self.name = ""  # for whoever watches several
        self._link = page, urlencode(query)
        self._url = url.replace("http://", "ws://") + "/_stcore/stream"
        self._states: dict[str, WidgetState] = {}
        self._pages: dict[str, str] = {}
        self._query, self._page, self._seen = "", "", Answer(0.0)

    async def __aenter__(self) -> Visitor:
        parts = urlsplit(self._url)
        self._socket = await websockets.connect(
            self._url,
            subprotocols=[websockets.Subprotocol("streamlit")],
            origin=websockets.Origin(f"http://{parts.netloc}"),
            max_size=None,
            open_timeout=60,
            ping_interval=None,
        )
        start = time.perf_counter()
        await self._rerun(self._link[1], "", self._link[0])
        self.first = await self._finished()
        self.first.seconds = time.perf_counter() - start
        self._seen, self._query, self._page = self.first, self._link[1], self._pages[self._link[0]]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def open(self, page: str) -> Answer:
        """Go to a page of the app, as a click in its list does; ``page`` is its address."""
        self._query, self._page = "", self._pages[page]
        self._states.clear()
        return await self._run()

    async def move(self, label: str, value: Callable[[Widget], WidgetState]) -> Answer:
        """Move a control of the page that is open."""
        widget = self._seen.widgets[label]
        state = value(widget)
        state.id = widget.proto.id
        self._states[state.id] = state
        answer = await self._run()
        if widget.kind == "button":
            del self._states[state.id]
        return answer

    @property
    def shown(self) -> dict[str, Widget]:
        """The controls that the page has now."""
        return self._seen.widgets

    async def _run(self) -> Answer:
        start = time.perf_counter()
        await self._rerun(self._query, self._page)
        answer = await self._finished()
        answer.seconds = time.perf_counter() - start
        self._seen = answer
        return answer

    async def _rerun(self, query: str, page: str, name: str = "") -> None:
        message = BackMsg()
        message.rerun_script.page_name = name
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = page
        for state in self._states.values():
            message.rerun_script.widget_states.widgets.append(state)
        await self._socket.send(message.SerializeToString())

    async def _finished(self) -> Answer:
        """Read to the end of the last run that was asked for; a page that asks for another run of itself goes on."""
        answer = Answer(0.0)
        while True:
            message = ForwardMsg()
            message.ParseFromString(await asyncio.wait_for(self._socket.recv(decode=False), 900))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                answer = Answer(0.0)
                self._pages = self._pages or {
                    p.url_pathname or "": p.page_script_hash for p in message.new_session.app_pages
                }
            elif kind == "navigation":
                self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            elif kind == "delta":
                self._note(answer, message.delta)
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return answer

    def _note(self, answer: Answer, delta: Any) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        proto = getattr(element, kind) if kind else None
        if kind in WIDGETS:
            answer.widgets[proto.label] = Widget(kind, proto.label, proto)
        elif kind == "metric":
            answer.metrics[proto.label] = proto.body
        elif kind == "exception":
            answer.errors.append(f"{proto.type}: {proto.message}")
        elif kind == "alert" and proto.format == 1:
            answer.errors.append(proto.body)
        elif kind == "markdown":
            answer.text.append(proto.body)
