"""What `streamlit run app.py` starts: the server, with its workers; nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from streamlit.starlette import App

from lossviz import engine, wire


def start() -> None:
    """Start the workers; where that fails the log says so, pages open, and they try again."""
    try:
        engine.engine()
    except Exception:
        logging.getLogger(__name__).exception("the workers did not start")


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Start the workers beside the server, so that the first page never waits for TensorFlow; leave no process behind."""
    loop = asyncio.get_running_loop()
    starting = loop.run_in_executor(None, start)
    yield
    await starting
    await loop.run_in_executor(None, engine.close)


async def live(request: Request) -> Response:
    """The messages of a run, as they come to be. Only its own session knows the token."""
    job = engine.find(request.path_params["token"])
    if job is None:
        return PlainTextResponse("No such run: it ended with its session.", 404)
    # a stated encoding keeps Streamlit's compression, which would hold messages back, out of the way
    headers = {"Content-Encoding": "identity", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(wire.live(job), headers=headers, media_type="application/octet-stream")


base = st.get_option("server.baseUrlPath").strip("/")
app = App("pages/router.py", lifespan=lifespan, routes=[Route(f"/{base}/live/{{token}}".replace("//", "/"), live)])
