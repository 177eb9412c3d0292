"""A session of the application without a browser: its WebSocket, every frame it receives, every file it is offered."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import ExitStack
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.browser.harness import Server

SECONDS = 180
LAYERS, PRESSES = 4, 5
_MEDIA = re.compile(rb"/media/[0-9a-f]+(?:\.[a-z]+)?")


class Session:
    """One visitor.

    Attributes
    ----------
    seen : bytearray
        Every byte received: frames, then files offered, those of a workbook unpacked.
    errors : list of str
        Exceptions drawn on a page, files that could not be made.
    files : dict of str to bytes
        Files fetched, by their address on the server.
    tickets : dict of str to str
        Files made on a click, by the number that asks for them: label of their button.
    made : dict of str to str
        Address of each file made so: label of its button.
    lost : int
        Files made that were no longer there when they were fetched.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.seen = bytearray()
        self.errors: list[str] = []
        self.files: dict[str, bytes] = {}
        self.tickets: dict[str, str] = {}
        self.made: dict[str, str] = {}
        self.lost = 0
        self._drawn: dict[tuple[int, ...], ForwardMsg] = {}
        self._request, self._id = BackMsg(), ""
        self._leaving = ExitStack()
        self.tab()

    @property
    def addresses(self) -> set[str]:
        """Every file that the frames name."""
        return {path.decode() for path in _MEDIA.findall(bytes(self.seen))}

    def tab(self) -> Session:
        """Another tab: a session that the server does not know, what was received so far kept."""
        address = f"ws://127.0.0.1:{self._server.port}/_stcore/stream"
        self._socket = self._leaving.enter_context(
            connect(address, subprotocols=["streamlit"], open_timeout=SECONDS, max_size=None, proxy=None)
        )
        return self

    @property
    def buttons(self) -> dict[str, str]:
        """Buttons of the page that make a file: its number, and their label."""
        drawn = (frame.delta.new_element.download_button for frame in self._drawn.values())
        return {b.deferred_file_id: b.label for b in drawn if b.deferred_file_id and not b.disabled}

    def open(self, page: str, **query: str) -> Session:
        """Draw a page as its address bar would, to the end of the script."""
        self._request = BackMsg()
        self._request.rerun_script.page_name = page
        self._request.rerun_script.query_string = urlencode(query)
        return self._run()

    def unfold(self) -> Session:
        """Open every section of the page, then those inside them."""
        opened: set[str] = set()
        for _ in range(LAYERS):
            folded = {f.delta.add_block.expandable.id for f in self._drawn.values()} - opened - {""}
            if not folded:
                break
            opened |= folded
            for name in sorted(folded):
                self._request.rerun_script.widget_states.widgets.add(id=name, bool_value=True)
            self._run()
        return self

    def click(self) -> Session:
        """Press every button of the page that makes a file, and fetch it."""
        for ticket, label in self.buttons.items():
            self.tickets[ticket] = label
            for _ in range(PRESSES):
                address = self.make(ticket)
                if address is None or self._keep(address):
                    break
                self.lost += 1  # Streamlit let the file go before it was fetched: somebody else's page was drawn
            if address not in self.files:
                self.errors.append(f"« {label} » : le fichier n’est pas fait")
            else:
                self.made[address] = label
        return self

    def make(self, ticket: str) -> str | None:
        """Ask for a file that is made on a click: its address, None when the server does not make it."""
        request = BackMsg()
        request.backend_operation_request.request_id = ticket
        request.backend_operation_request.session_id = self._id
        request.backend_operation_request.deferred_file.file_id = ticket
        self._socket.send(request.SerializeToString())
        while True:
            frame = self._socket.recv(timeout=SECONDS)
            self._take(frame)
            answer = ForwardMsg.FromString(frame).backend_operation_response
            if answer.request_id == ticket:
                return answer.deferred_file.url or None

    def download(self) -> Session:
        """Fetch every file that the frames name."""
        for path in sorted(self.addresses - self.files.keys()):
            self._keep(path)
        return self

    def close(self) -> None:
        """Leave."""
        self._leaving.close()

    def _run(self) -> Session:
        self._drawn.clear()
        self._socket.send(self._request.SerializeToString())
        while not self._take(self._socket.recv(timeout=SECONDS)):
            pass
        return self

    def _keep(self, path: str) -> bool:
        status, _, body = self._server.request("GET", path)
        if status == 200:
            self.files[path] = body
        self.seen += readable(body)
        return status == 200

    def _take(self, frame: bytes) -> bool:
        """Keep a frame; True for the last one of a run that is not started again at once."""
        self.seen += frame
        message = ForwardMsg.FromString(frame)
        if message.WhichOneof("type") == "delta":
            self._drawn[tuple(message.metadata.delta_path)] = message
            if message.delta.new_element.HasField("exception"):
                self.errors.append(message.delta.new_element.exception.message)
        if message.WhichOneof("type") == "new_session":
            self._id = message.new_session.initialize.session_id
        again = ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return message.WhichOneof("type") == "script_finished" and message.script_finished != again


def readable(body: bytes) -> bytes:
    """A file as it can be searched: the texts of a workbook cannot be read through its compression."""
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return b"\n".join(book.read(name) for name in book.namelist())
