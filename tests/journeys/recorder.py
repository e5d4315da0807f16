"""Remembers what passes: over a wire between two processes, and through the broker, where nothing stays for long."""

import contextlib
import re
import socket
import threading
import zlib
from pathlib import Path
from urllib.parse import urlsplit


class Recorder:
    """Listens on `port` and passes on to `target`; `this` speaks first, `that` answers."""

    def __init__(self, target: int, this: str, that: str) -> None:
        self.target, self.names = target, (f"{this} → {that}", f"{that} → {this}")
        self.taped: list[tuple[bytearray, bytearray]] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def heard(self) -> dict[str, str]:
        """All that passed, by direction."""
        tapes = list(self.taped)
        return {name: "\n".join(_in_clear(bytes(tape[n])) for tape in tapes) for n, name in enumerate(self.names)}

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next conversation
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(near,), daemon=True).start()

    def _converse(self, near: socket.socket) -> None:
        tape = (bytearray(), bytearray())
        self.taped.append(tape)
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as far:
            answers = threading.Thread(target=_pump, args=(far, near, tape[1]), daemon=True)
            answers.start()
            _pump(near, far, tape[0])
            answers.join()


def _in_clear(taped: bytes) -> str:
    """As it passed, and once more what passed compressed."""
    said = [taped]
    for found in re.finditer(rb"\x1f\x8b\x08", taped):
        with contextlib.suppress(zlib.error):
            said.append(zlib.decompressobj(wbits=31).decompress(taped[found.start() :]))
    return b"\n".join(said).decode("latin-1")


def _pump(source: socket.socket, sink: socket.socket, tape: bytearray) -> None:
    """Until either side hangs up; then both do."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            tape += chunk
            sink.sendall(chunk)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class FolderTap:
    """Every message that lay in the embedded broker's folder, however shortly."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.messages = folder, {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def heard(self) -> dict[str, str]:
        return {"broker as it was used": "\n".join(list(self.messages.values()))}

    def close(self) -> None:
        self.ended.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.ended.wait(0.005):
            for path in self.folder.glob("*.msg"):
                with contextlib.suppress(FileNotFoundError):
                    self.messages[path.name] = path.read_text("latin-1")


class RedisTap:
    """Every command that Redis is given, as it reports them itself."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self.tape = bytearray()
        self.server = socket.create_connection((at.hostname, at.port))
        self.server.sendall(b"MONITOR\r\n")
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def heard(self) -> dict[str, str]:
        return {"broker as it was used": self.tape.decode("latin-1")}

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()

    def _listen(self) -> None:
        while chunk := self.server.recv(1 << 16):
            self.tape += chunk
