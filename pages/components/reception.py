"""The route that receives a file too large for the memory of the server, and the small page that sends it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from analytics.errors import ReadError
from data.depot.files import LIMIT_BYTES, Reception
from pages.components.depots import DEPOT

HOME = "/depot/"
_FOLDER = Path(__file__).with_name("gros_fichier")
_KINDS = {"index.html": "text/html; charset=utf-8", "depot.js": "text/javascript", "depot.css": "text/css"}
_BUFFER = 4 << 20
_AT_ONCE = 4
_PATIENCE = 60.0  # seconds without a byte after which the place is given to another
_BUSY = ReadError("Le serveur reçoit déjà plusieurs fichiers.", remede="Réessayez dans une minute.")
_TOO_LARGE = ReadError("Ce fichier est trop gros pour ce serveur.", remede="Déposez une année à la fois.")

_slots = asyncio.Semaphore(_AT_ONCE)


async def send_page(request: Request) -> Response:
    """One of the three files of the page."""
    name = request.path_params.get("name") or "index.html"
    if name not in _KINDS:
        return Response("Introuvable", status_code=404)
    return FileResponse(_FOLDER / name, headers={"Content-Type": _KINDS[name], "Cache-Control": "no-cache"})


async def receive_file(request: Request) -> Response:
    """Write the body on the disk as it comes, and answer the name of the upload, or why it is refused."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LIMIT_BYTES:
        return _refusal(_TOO_LARGE, 413)
    if _slots.locked():
        return _refusal(_BUSY, 503)
    async with _slots:
        try:
            return JSONResponse({"depot": await _receive(request)}, status_code=201)
        except ReadError as error:
            return _refusal(error, 507)
        except (ClientDisconnect, TimeoutError):  # the person left, cancelled or is silent: what came was erased
            return Response(status_code=400)


async def _receive(request: Request) -> str:
    reception = await asyncio.to_thread(DEPOT.receiving, request.query_params.get("nom", ""))
    with reception:
        held = bytearray()
        pieces = aiter(request.stream())
        while (piece := await asyncio.wait_for(anext(pieces, None), _PATIENCE)) is not None:
            held += piece
            if len(held) >= _BUFFER:
                await asyncio.to_thread(reception.write, bytes(held))
                held.clear()
        return await asyncio.to_thread(_end, reception, bytes(held))


def _end(reception: Reception, rest: bytes) -> str:
    reception.write(rest)
    return reception.finish()


def _refusal(error: ReadError, status: int) -> JSONResponse:
    return JSONResponse({"message": error.message, "remede": error.remede}, status_code=status)


ROUTES = [
    Route(f"{HOME}fichier", receive_file, methods=["PUT"]),
    Route(f"{HOME}{{name}}", send_page, methods=["GET"]),
    Route(HOME, send_page, methods=["GET"]),
]
