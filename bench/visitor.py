"""A visitor without a browser: Streamlit's websocket, its widgets by their labels, and the streams of LossViz's pictures."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from lossviz import wire

READERS = ThreadPoolExecutor(100)
"""Who read the streams."""
VALUES = {"number_input": "double_value", "slider": "double_array_value", "text_input": "string_value"}
"""The field of a widget's state that holds its value, for the widgets that a visitor turns."""


class Visitor:
    """One session.

    Attributes:
        widgets: What the page shows, by label: the kind of element, and its message.
        pictures: By component's name, what it was told last.
        texts: Every text and error the page shows, in its order.
        finished: How many runs of the page have ended.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.widgets: dict[str, tuple[str, Any]] = {}
        self.pictures: dict[str, Any] = {}
        self.texts: list[str] = []
        self.errors: list[str] = []
        self.finished = 0
        self.session = ""
        self._states: dict[str, WidgetState] = {}
        self._page, self._query = "", ""
        self._news = asyncio.Condition()
        self._answers: dict[str, Any] = {}

    async def open(self, page: str = "", query: dict[str, Any] | None = None) -> None:
        """Open a page, and wait until its script has run; once more, in the same session, as a browser after a lost line."""
        self._page, self._query = page, urlencode(query or {})
        address = f"{self.url.replace('http', 'ws', 1)}/_stcore/stream"
        request = HTTPRequest(address, headers={"Origin": self.url}, request_timeout=60)
        known = ["-", self.session] if self.session else []  # in the place of a token, which only signed-in users need
        self._socket = await websocket_connect(request, subprotocols=["streamlit", *known], max_message_size=2**28)
        self._reading = asyncio.create_task(self._read())
        await self.rerun()

    async def close(self) -> None:
        """Leave, as a browser does whose tab is closed."""
        self._socket.close()
        await asyncio.wait([self._reading], timeout=5)  # until the server has answered that, or is gone
        self._reading.cancel()

    async def _read(self) -> None:
        while (raw := await self._socket.read_message()) is not None:
            message = ForwardMsg.FromString(raw)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                self.texts, self.errors = [], []
            elif kind == "delta":
                self._take(message.delta)
            elif kind == "file_urls_response":
                self._answers[message.file_urls_response.response_id] = message.file_urls_response
            elif kind == "script_finished":  # not one that a changed control, or the page itself, cut short
                self.finished += message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            async with self._news:
                self._news.notify_all()

    def _take(self, delta: Any) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        part = getattr(element, kind)
        if kind == "bidi_component":
            told = part.json or (part.mixed.json if part.HasField("mixed") else "")
            self.pictures[part.component_name.rpartition(".")[2]] = json.loads(told) if told else None
        elif kind in ("markdown", "alert", "heading"):
            self.texts.append(part.body)
            if kind == "alert" and part.format == part.ERROR:
                self.errors.append(part.body)
        elif kind == "exception":
            self.errors.append(part.message)
        elif getattr(part, "id", "") and getattr(part, "label", ""):
            self.widgets[part.label] = (kind, part)

    async def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something that messages change is so."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(true), seconds)

    async def rerun(self, wait: bool = True, seconds: float = 60) -> None:
        """Run the page with the widgets as they are."""
        state = ClientState(query_string=self._query, page_name=self._page)
        state.widget_states.widgets.extend(self._states.values())
        before = self.finished
        await self._socket.write_message(BackMsg(rerun_script=state).SerializeToString(), binary=True)
        if wait:
            await self.until(lambda: self.finished > before, seconds)

    async def turn(self, label: str, value: Any, wait: bool = True) -> None:
        """Set a widget."""
        kind, part = self.widgets[label]
        field = VALUES[kind]
        if field == "double_array_value":
            held = WidgetState(id=part.id)
            held.double_array_value.data.append(value)
        else:
            held = WidgetState(id=part.id, **{field: value})
        self._states[part.id] = held
        await self.rerun(wait)

    async def upload(self, label: str, name: str, data: bytes) -> None:
        """Give a file to an upload field."""
        place, request = await self.sending(name, data)
        await AsyncHTTPClient().fetch(request)
        _, part = self.widgets[label]
        held = WidgetState(id=part.id)
        info = held.file_uploader_state_value.uploaded_file_info.add()
        info.file_id, info.name, info.size = place.file_id, name, len(data)
        info.file_urls.CopyFrom(place)
        self._states[part.id] = held
        await self.rerun()

    async def sending(self, name: str, data: bytes) -> tuple[Any, HTTPRequest]:
        """Where a file may be sent to, and what sends it."""
        asked = BackMsg()
        asked.file_urls_request.request_id = name
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session
        await self._socket.write_message(asked.SerializeToString(), binary=True)
        await self.until(lambda: name in self._answers)
        (place,) = self._answers.pop(name).file_urls
        health = await AsyncHTTPClient().fetch(f"{self.url}/_stcore/health")  # gives what an upload must show again
        cookie = SimpleCookie(health.headers["Set-Cookie"])["_streamlit_xsrf"].value
        edge = "a1b2c3d4e5f6"
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Origin": self.url}
        headers |= {"Cookie": f"_streamlit_xsrf={cookie}", "X-Xsrftoken": cookie}
        body = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        whole = body + data + f"\r\n--{edge}--\r\n".encode()
        return place, HTTPRequest(self.url + place.upload_url, "PUT", headers, whole, request_timeout=60)

    async def follow(self, told: dict[str, Any], enough: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Read a picture's stream until a message is enough; the messages.

        Args:
            told: What a component was told: its "url".
            enough: Whether a message is the one that was waited for.
        """
        return await asyncio.get_running_loop().run_in_executor(READERS, _read, self.url + told["url"], enough)


def _read(url: str, enough: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    seen, kept = [], bytearray()
    with urllib.request.urlopen(url, timeout=120) as stream:
        while chunk := stream.read1(2**16):
            kept.extend(chunk)
            while len(kept) >= 8 and len(kept) >= (size := 8 + sum(np.frombuffer(kept[:8], "<u4").tolist())):
                (message,) = wire.unpack(bytes(kept[:size]))
                del kept[:size]
                seen.append(message)
                if enough(message):
                    return seen
    raise RuntimeError(f"the stream ended without it; it held {[m['kind'] for m in seen][:20]}")
