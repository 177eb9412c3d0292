"""A session of the application without a browser: its WebSocket, every frame it receives, every file it is offered."""

from __future__ import annotations

import re
from contextlib import ExitStack
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.browser.harness import Server

SECONDS = 180
_MEDIA = re.compile(rb"/media/[0-9a-f]+\.[a-z]+")


class Session:
    """One visitor.

    Attributes
    ----------
    seen : bytearray
        Every byte received: frames, then files offered.
    errors : list of str
        Exceptions drawn on a page.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.seen = bytearray()
        self.errors: list[str] = []
        self._leaving = ExitStack()
        address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
        self._socket = self._leaving.enter_context(
            connect(address, subprotocols=["streamlit"], open_timeout=SECONDS, max_size=None, proxy=None)
        )

    def open(self, page: str, **query: str) -> Session:
        """Draw a page as its address bar would, to the end of the script."""
        request = BackMsg()
        request.rerun_script.page_name = page
        request.rerun_script.query_string = urlencode(query)
        self._socket.send(request.SerializeToString())
        while not self._take(self._socket.recv(timeout=SECONDS)):
            pass
        return self

    def download(self) -> Session:
        """Fetch every file that the frames name."""
        for path in sorted(set(_MEDIA.findall(bytes(self.seen)))):
            self.seen += self._server.request("GET", path.decode())[2]
        return self

    def close(self) -> None:
        """Leave."""
        self._leaving.close()

    def _take(self, frame: bytes) -> bool:
        """Keep a frame; True for the last one of a run that is not started again at once."""
        self.seen += frame
        message = ForwardMsg.FromString(frame)
        if message.WhichOneof("type") == "delta" and message.delta.new_element.HasField("exception"):
            self.errors.append(message.delta.new_element.exception.message)
        again = ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return message.WhichOneof("type") == "script_finished" and message.script_finished != again
