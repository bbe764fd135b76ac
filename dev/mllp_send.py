"""Sends HL7 v2 messages to an MLLP listener and shows the answers: `python -m dev.mllp_send FILE …`.

Exit codes: 0 every message was accepted (AA or CA), 1 one was refused, 2 wrong usage, 3 no answer came.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
from pathlib import Path

from shared.hl7.ack import is_refusal
from workers.mllp_framing import FrameDecoder, framed

ANSWER_S = 60.0
ANSWER_BYTES = 1_048_576
REFUSED, NO_ANSWER = 1, 3


async def exchange(host: str, port: int, messages: list[bytes], context: ssl.SSLContext | None = None) -> list[bytes]:
    """The answers, in order, over one connection that waits for each before it sends the next.

    Raises OSError when nobody listens, TLS fails, or the listener hangs up without an answer (ConnectionError), and
    TimeoutError after a minute: in all these cases the message has to be sent again.
    """
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        decoder = FrameDecoder(ANSWER_BYTES)
        return [await _exchange(reader, writer, decoder, message) for message in messages]
    finally:
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: FrameDecoder, message: bytes
) -> bytes:
    writer.write(framed(message))
    async with asyncio.timeout(ANSWER_S):
        while True:
            data = await reader.read(65_536)
            if not data:
                raise ConnectionError("the listener closed the connection without an answer: send it again")
            for frame in decoder.feed(data):
                return frame.body


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        answers = asyncio.run(exchange(options.host, options.port, options.files, _tls(options)))
    except OSError as error:
        print(f"{options.host}:{options.port}: {error or type(error).__name__}", file=sys.stderr)
        return NO_ANSWER
    for answer in answers:
        print(answer.decode().replace("\r", "\n"), end="")
    return REFUSED if any(map(is_refusal, answers)) else 0


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.ca is None:
        return None
    context = ssl.create_default_context(cafile=options.ca)
    if options.cert is not None:
        context.load_cert_chain(options.cert, options.key)
    return context


def _message(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{name}: {error.strerror}") from None


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dev.mllp_send",
        description="Send HL7 v2 messages (one per file) over one MLLP connection and print the answers.",
        epilog="Exit codes: 0 all accepted, 1 one refused, 2 wrong usage, 3 no answer.",
    )
    parser.add_argument(
        "files", nargs="+", type=_message, metavar="FILE", help="an ER7 message; LF for CR is tolerated"
    )
    parser.add_argument("--host", default="127.0.0.1", help="of the listener (default: %(default)s)")
    parser.add_argument("--port", type=int, default=2575, help="of the listener (default: %(default)s)")
    parser.add_argument("--ca", type=Path, help="TLS: the authority that signed the listener's certificate")
    parser.add_argument("--cert", type=Path, help="TLS: this sender's certificate")
    parser.add_argument("--key", type=Path, help="TLS: its key")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
