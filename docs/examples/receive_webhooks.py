"""A receiver of webhooks, with nothing but Python's standard library.

    WEBHOOK_SECRET=whsec_… python receive_webhooks.py 9000

`verified` is what matters: everything else is how this example listens. Libraries that do the same exist for most
languages, by the name of Standard Webhooks.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

WINDOW_SECONDS = 300
"""A message whose time is further from ours is refused: somebody may have kept it, to send it again."""
MOST_BYTES = 100_000


class Forged(Exception):
    """Nobody who knows the secret has sent this, or not now."""


def verified(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> Any:
    """The message in a request of ours, as it was sent; header names in lower case. Raises Forged.

    `webhook-id` is the same each time a message comes: remember those of the last five minutes and more, and do nothing
    for one that you know.
    """
    id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_at.isascii() or not sent_at.isdigit() or abs(now - int(sent_at)) > WINDOW_SECONDS:
        raise Forged("too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    shown = headers.get("webhook-signature", "").split()  # several, while a secret is changed
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in shown):
        raise Forged("not signed with our secret")
    return json.loads(body)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = min(int(self.headers.get("content-length", 0)), MOST_BYTES)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            message = verified(os.environ["WEBHOOK_SECRET"], headers, self.rfile.read(length), now=time.time())
        except Forged:
            self.send_response(403)
        else:
            sys.stdout.write(f"{message['type']} {message['data']['id']}\n")
            sys.stdout.flush()
            self.send_response(204)  # soon: whoever has much to do puts the message aside first
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
