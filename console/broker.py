"""The embedded broker: kombu's filesystem transport, made safe against half-written and unreadable messages."""

import os
import tempfile
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem, virtual
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    # The one queue is bound in each process's memory: a table file shared by all could be read half written.
    get_table = virtual.Channel.get_table  # type: ignore[assignment]
    supports_fanout = False

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        """Written under another name and renamed, so that a reader never sees half of it."""
        folder = Path(self.data_folder_out)
        handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(str_to_bytes(dumps(payload)))
        Path(part).rename(folder / f"{uuid.uuid4().hex}.{queue}.msg")

    def _get(self, queue: str) -> Any:  # type: ignore[override]
        """The oldest message that this process could take; one that cannot be read is thrown away: it is only a bell."""
        for path in self._messages(queue):
            mine = path.with_suffix(f".{os.getpid()}.part")
            try:
                path.rename(mine)
            except FileNotFoundError:
                continue
            try:
                return loads(bytes_to_str(mine.read_bytes()))
            except ValueError:
                continue
            finally:
                mine.unlink(missing_ok=True)
        raise Empty

    def _messages(self, queue: str) -> list[Path]:
        return sorted(
            Path(self.data_folder_in).glob(f"*.{queue}.msg"),
            key=lambda path: path.stat().st_mtime_ns if path.exists() else 0,
        )

    def _size(self, queue: str) -> int:
        return len(self._messages(queue))

    def _purge(self, queue: str) -> int:
        messages = self._messages(queue)
        for path in messages:
            path.unlink(missing_ok=True)
        return len(messages)


class Transport(filesystem.Transport):
    Channel = Channel
    driver_type = "filesystem"
    driver_name = "deckhand"
