"""What `streamlit run app.py` starts: the server, with its workers; nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit.starlette import App

from lossviz import engine


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


app = App("pages/router.py", lifespan=lifespan)
