"""A TCP proxy on loopback between clients and a broker, whose connections can be cut, slowed down and refused."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Final

CHUNK: Final = 16_384


class Proxy:
    """Forwards a port to another; runs in a thread of its own until `close`."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self._host, self._target = host, target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self.delay = 0.0
        """Seconds that every chunk waits, in both directions."""
        self.refuse = False
        """Whether new connections are closed at once."""
        self.cuts = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._client, host, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _call(self, work: object) -> asyncio.Server:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    def cut(self) -> int:
        """Cut every connection in the middle of whatever it carries (RST); return how many there were."""

        async def abort() -> int:
            found = list(self._writers)
            for writer in found:
                writer.transport.abort()
            return len(found)

        count = asyncio.run_coroutine_threadsafe(abort(), self._loop).result(10)
        self.cuts += count
        return count

    def close(self) -> None:
        """Stop listening and let everybody go."""

        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(self._host, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        try:
            await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))
        finally:
            self._writers -= {writer, there_writer}
            for one in (writer, there_writer):
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
