"""Carries connections from the host's loopback to the API server inside the namespace."""

import argparse
import asyncio
import contextlib
import signal
import socket
from pathlib import Path

from localcluster import network

CHUNK_BYTES = 65536


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies until the reader's end, then says so to the other side."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]
) -> None:
    """Joins one accepted connection with one to the target; closes both at the end."""
    try:
        other_reader, other_writer = await asyncio.open_connection(*target)
    except OSError:
        # The API server is not up (yet): the client sees a closed connection and retries.
        writer.close()
        return
    try:
        await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))
    finally:
        other_writer.close()
        writer.close()


async def serve(listener: socket.socket, target: tuple[str, int]) -> None:
    """Accepts until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await carry(reader, writer, target)

    server = await asyncio.start_server(accepted, sock=listener)
    await stop.wait()
    server.close()


def main() -> None:
    """Listens on the host, then moves into the namespace, from where it connects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--namespace", type=Path, required=True)
    given = parser.parse_args()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", given.port))
    network.enter(given.namespace)
    asyncio.run(serve(listener, ("127.0.0.1", given.port)))


if __name__ == "__main__":
    main()
