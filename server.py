"""ASGI entry point, served by ``streamlit run server.py``.

What ``streamlit run app.py`` cannot do: import and load everything before the first visitor, say when that is done
(``/api/ready``), send strict security headers, declare the page French, receive a file of several gigabytes
(``/depot/``), and stop the computing processes with the server.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import importlib
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, file_util

from pages.components import reception
from pages.components.jobs import shutdown_all
from pages.components.logs import keep_values_out
from pages.components.made_files import keep_made_files
from pages.components.tending import stop_tending, tend
from pages.components.warm import WarmUp

ROOT = Path(__file__).resolve().parent
REFUSED = ("/_stcore/metrics", "/_stcore/agent")
NOT_A_PAGE = ("/_stcore/", "/api/", "/component/", reception.HOME, "/media/", "/static/")
READING = ("GET", "HEAD", "OPTIONS")
HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
# Without it the front end looks for its server under each part of a deep link, and gets 404 errors first.
BASE_SCRIPT = '<script>window.__streamlit={BACKEND_BASE_URL:location.origin+"/"}</script>'
NOSCRIPT = "<noscript><p>Paliers a besoin de JavaScript : activez-le dans votre navigateur.</p></noscript>"


# --- start-up -----------------------------------------------------------------------------------------------------


@functools.cache
def page_addresses() -> list[str]:
    """Addresses of the pages registered in app.py; the first page is at the root."""
    pages = getattr(importlib.import_module("app"), "PAGES", ())
    return ["", *(url for *_, url in pages[1:])]


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up and begin the rounds on start; stop every process on exit."""
    WARM_UP.start()
    tending = asyncio.create_task(tend())
    try:
        yield
    finally:
        await stop_tending(tending)
        await asyncio.to_thread(shutdown_all)


async def ready(_request: Request) -> JSONResponse:
    """Readiness probe: 200 once everything is loaded, 503 before."""
    return JSONResponse(
        {"etat": WARM_UP.state, "secondes": round(WARM_UP.seconds, 1)},
        status_code=200 if WARM_UP.state == "pret" else 503,
        headers={"Cache-Control": "no-store"},
    )


# --- every answer -------------------------------------------------------------------------------------------------


def inline_script_hashes(html: str) -> tuple[str, ...]:
    """CSP sources of the inline scripts of a page: ``'sha256-…'`` of their exact text."""
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)


def content_security_policy(host: str, script_hashes: Iterable[str]) -> str:
    """Content-Security-Policy of every answer: this server only, no eval, no frame around us.

    Parameters
    ----------
    host : str
        Value of the ``Host`` header; ignored unless it is a plain ``name[:port]``.
    script_hashes : iterable of str
        From :func:`inline_script_hashes`.
    """
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self' 'wasm-unsafe-eval'", *script_hashes)),
            "style-src 'self' 'unsafe-inline'",
            f"connect-src 'self'{sockets}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    )


@functools.lru_cache(maxsize=4)
def french_page(html: bytes) -> bytes:
    """The page shell in French: language, title, and the only sentence a browser without JavaScript shows."""
    text = html.decode("utf-8")
    text = re.sub(r"<html lang=\"[^\"]*\">", '<html lang="fr">', text, count=1)
    text = re.sub(r"<title>[^<]*</title>", "<title>Paliers</title>", text, count=1)
    text = re.sub(r"<noscript>.*?</noscript>", NOSCRIPT, text, flags=re.DOTALL)
    text = re.sub(r"<link rel=\"service-desc\"[^>]*>", "", text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = text.replace("<head>", f"<head>{BASE_SCRIPT}", 1)
    return text.strip().encode("utf-8")


def is_unknown_page(path: str) -> bool:
    """Whether an address is neither a page, nor a file, nor a route: the front end would say so in English."""
    name = path.strip("/")
    return not path.startswith(NOT_A_PAGE) and "." not in name and name not in page_addresses()


def same_origin(headers: Headers) -> bool:
    """Whether a request comes from our own page, or from an origin listed in ``server.corsAllowedOrigins``.

    For a WebSocket, Streamlit would otherwise ask a third-party server for the public address of this machine before
    refusing.
    """
    origin = headers.get("origin")
    if origin is None or urlsplit(origin).netloc == headers.get("host"):
        return True
    return origin in config.get_option("server.corsAllowedOrigins")


class Shell:
    """Pure ASGI middleware: refusals, security headers, French page shell.

    Parameters
    ----------
    app : ASGI application
        What is wrapped.
    index : str, optional
        The page shell whose inline scripts are allowed; by default the one of the installed Streamlit.
    """

    def __init__(self, app: ASGIApp, index: str | None = None) -> None:
        self.app = app
        html = index if index is not None else Path(file_util.get_static_dir(), "index.html").read_text("utf-8")
        self.script_hashes = inline_script_hashes(html + BASE_SCRIPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "websocket" and not same_origin(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        send = self._with_headers(send, Headers(scope=scope).get("host", ""))
        if any(refused in path for refused in REFUSED):
            await PlainTextResponse("Introuvable", status_code=404)(scope, receive, send)
        elif scope["method"] not in READING and not same_origin(Headers(scope=scope)):
            await PlainTextResponse("Refusé : autre site", status_code=403)(scope, receive, send)
        elif scope["method"] == "GET" and is_unknown_page(path):
            query = scope["query_string"].decode("latin-1")
            await RedirectResponse(f"/?{query}" if query else "/")(scope, receive, send)
        elif scope["method"] == "GET" and not path.startswith(NOT_A_PAGE):
            await self.app(_uncompressed(scope), receive, _in_french(send))
        else:
            await self.app(scope, receive, send)

    def _with_headers(self, send: Send, host: str) -> Send:
        policy = content_security_policy(host, self.script_hashes)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
            await send(message)

        return send_with_headers


def _uncompressed(scope: Scope) -> Scope:
    """Same request, without what would give a compressed, partial or empty (304) page."""
    dropped = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in dropped]}


def _in_french(send: Send) -> Send:
    """Hold back an HTML answer until it is whole, then send it rewritten; let anything else through."""
    held: list[Message] = []
    body = bytearray()

    async def send_french(message: Message) -> None:
        if message["type"] == "http.response.start":
            if not Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                await send(message)
                return
            held.append(message)
        elif not held:
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                page = french_page(bytes(body))
                headers = MutableHeaders(raw=held[0]["headers"])
                headers["Content-Length"] = str(len(page))
                for name in ("ETag", "Last-Modified", "Accept-Ranges"):
                    del headers[name]
                await send({**held[0], "headers": headers.raw})
                await send({"type": "http.response.body", "body": page})

    return send_french


keep_values_out()
keep_made_files()
WARM_UP = WarmUp(page_addresses)

app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    middleware=[Middleware(Shell)],
    routes=[Route("/api/ready", ready), *reception.ROUTES],
)
