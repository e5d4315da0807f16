"""Ids out of which the number they stand for can be read again, by whoever has the key."""

from hashlib import blake2b

HEAD = 4  # bytes that hide the number; the rest is a seal that only the key can make


class Names:
    def __init__(self, seed: int) -> None:
        self.key = blake2b(f"world {seed}".encode(), digest_size=16).digest()

    def seed(self, number: int) -> int:
        """Of the random numbers that make this object."""
        return int.from_bytes(self.key) + number

    def id(self, number: int) -> str:
        """As a UUID of version 4."""
        tail = bytearray(self._digest(b"id", number.to_bytes(HEAD), 16 - HEAD))
        tail[2] = tail[2] & 0x0F | 0x40
        tail[4] = tail[4] & 0x3F | 0x80
        text = self._hidden(number, bytes(tail)).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def hash(self, number: int) -> str:
        """As the hash of a transaction on the chain."""
        return f"0x{self._hidden(number, self._digest(b'hash', number.to_bytes(HEAD), 32 - HEAD)).hex()}"

    def number(self, text: str) -> int | None:
        """Of an id or a hash of ours; None for any other text."""
        try:
            raw = bytes.fromhex(text.removeprefix("0x").replace("-", ""))
        except ValueError:
            return None
        number = int.from_bytes(raw[:HEAD]) ^ self._mask(raw[HEAD:])
        return number if text in {self.id(number), self.hash(number)} else None

    def _hidden(self, number: int, tail: bytes) -> bytes:
        return (number ^ self._mask(tail)).to_bytes(HEAD) + tail

    def _mask(self, tail: bytes) -> int:
        return int.from_bytes(self._digest(b"mask", tail, HEAD))

    def _digest(self, use: bytes, text: bytes, size: int) -> bytes:
        return blake2b(text, digest_size=size, key=self.key, person=use).digest()
