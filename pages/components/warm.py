"""Everything that the first visitor would otherwise wait for: imports, demonstration, first drawing of each page."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import pkgutil
import threading
import time
from collections.abc import Callable, Iterable

from streamlit import config
from streamlit.logger import get_logger
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

LOGGER = get_logger("paliers")
VISIT_SECONDS = 120

THIRD_PARTIES = (
    "altair",
    "pandas",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.stats",
    "statsmodels.tsa.stl._stl",
)
OUR_PACKAGES = ("analytics", "charts", "data", "reports", "pages.components")


def exists(module: str) -> bool:
    """Whether a module can be imported, without importing it (its parents are)."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def import_everything(third_parties: Iterable[str] = THIRD_PARTIES, ours: Iterable[str] = OUR_PACKAGES) -> None:
    """Import the heavy libraries, then every module of our packages."""
    for name in third_parties:
        importlib.import_module(name)
    for name in filter(exists, ours):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)


def visit(page: str) -> None:
    """Draw a page as a visitor would, through the server's own WebSocket, so that its caches are full.

    Parameters
    ----------
    page : str
        Address of the page without the slash; "" is the first one.

    Raises
    ------
    OSError, WebSocketException
        The server cannot be reached from itself, or has not drawn the page in time.
    """
    host = config.get_option("server.address") or "127.0.0.1"
    path = "/".join(filter(None, [config.get_option("server.baseUrlPath").strip("/"), "_stcore/stream"]))
    address = f"ws://{host}:{config.get_option('server.port')}/{path}"
    with connect(address, subprotocols=["streamlit"], open_timeout=VISIT_SECONDS, max_size=None, proxy=None) as socket:
        request = BackMsg()
        request.rerun_script.page_name = page
        socket.send(request.SerializeToString())
        while not _is_the_end(socket.recv(timeout=VISIT_SECONDS)):
            pass


def _is_the_end(message: bytes) -> bool:
    """Whether this message of the server says that the script ended, other than to run again at once."""
    answer = ForwardMsg.FromString(message)
    again = ForwardMsg.FINISHED_EARLY_FOR_RERUN
    return answer.WhichOneof("type") == "script_finished" and answer.script_finished != again


class WarmUp:
    """The warm-up of one server, done once, in a thread, while ``/api/ready`` answers 503.

    Parameters
    ----------
    pages : callable
        Gives the addresses of the pages to draw, first one first.

    Attributes
    ----------
    state : str
        "demarrage", "pret" or "echec".
    seconds : float
        Time the warm-up took; 0 until it ends.
    """

    def __init__(self, pages: Callable[[], Iterable[str]] = tuple) -> None:
        self.pages = pages
        self.state = "demarrage"
        self.seconds = 0.0

    def start(self) -> None:
        """Begin in the background; the server answers meanwhile."""
        threading.Thread(target=self.run, name="mise-en-route", daemon=True).start()

    def run(self) -> None:
        """Warm up, then freeze what is loaded: it lives as long as the process, the collector need not walk it."""
        start = time.perf_counter()
        try:
            import_everything()
            for page in self.pages():
                self._visit(page)
        except Exception:
            self.state = "echec"  # the thread prints the traceback
            raise
        gc.collect()
        gc.freeze()
        self.seconds = time.perf_counter() - start
        self.state = "pret"
        LOGGER.info("Paliers est prêt (%.0f s).", self.seconds)

    def _visit(self, page: str) -> None:
        try:
            visit(page)
        except (OSError, WebSocketException):  # the first visitor waits a little more, nothing else is lost
            LOGGER.warning("La page « %s » n’a pas pu être préparée.", page, exc_info=True)
