"""What the page does with WebCrypto, for tests that need no page."""

import base64
import os
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


class Browser:
    """What the page does: a secret, its session, and the opening of what comes back."""

    def __init__(self, public_key: str) -> None:
        self.secret = os.urandom(16)
        key = serialization.load_pem_public_key(public_key.encode())
        self.session = base64.b64encode(key.encrypt(base64.b64encode(self.secret), OAEP)).decode()

    def opened(self, pair: dict[str, str]) -> str:
        iv, data = base64.b64decode(pair["iv"]), base64.b64decode(pair["data"])
        return AESGCM(self.secret).decrypt(iv, data, None).decode()

    def sealed(self, text: str) -> dict[str, str]:
        iv = os.urandom(16)
        data = AESGCM(self.secret).encrypt(iv, text.encode(), None)
        return {"iv": base64.b64encode(iv).decode(), "data": base64.b64encode(data).decode()}

    def asks(self, **more: str) -> dict[str, str]:
        return {"session": self.session, "reason": "Holder cannot read the card"} | more

    def sets(self, pin: str, **more: str) -> dict[str, str]:
        block = f"2{len(pin):X}{pin}".ljust(16, "F")
        return self.asks(once=str(uuid.uuid4()), **self.sealed(block)) | more
