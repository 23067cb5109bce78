"""An agent app for AgentView with nothing but Python's standard library (3.9 or newer).

    AGENTVIEW_SIGNING_SECRET=whsec_... python3 examples/python/agent.py

One POST is one turn: check who calls, read the request, stream frames as server-sent events. Nothing is kept between two
turns: what was said before comes along in `items`, so any copy of this process can answer any turn.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_AGE_SECONDS = 300
# Less than timeouts.idleMs of the agent's policy (60 s): whoever is silent for longer counts as lost.
HEARTBEAT_SECONDS = 15


def echo(request):
    """The agent: yields the frames (name, data) of one answer. `done` is sent when it returns."""
    said = request["input"].get("content")
    yield "text", {"delta": f"You said {json.dumps(said, ensure_ascii=False)}, "}
    yield "text", {"delta": f"after {len(request['items'])} earlier items."}
    yield "usage", {"inputTokens": len(str(said).split()), "outputTokens": 6}


def is_signed(secret, headers, body, now=None):
    """True when AgentView has signed this body just now, by Standard Webhooks (https://www.standardwebhooks.com)."""
    call_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    # isdigit alone is true for digits that are no ASCII, which int() reads as well.
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > MAX_AGE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    digest = hmac.new(key, f"{call_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # Several while one secret is replaced by another. Compared in constant time.
    given = headers.get("webhook-signature", "").split(" ")
    return any([hmac.compare_digest(one.encode(), expected) for one in given])


def frames_of(answer, request, version):
    """All frames of an answer. Whatever the agent raises becomes the last one."""
    yield "version", {"version": version}
    try:
        for name, data in answer(request):
            yield name, data
            if name in ("pause", "error"):  # these end the answer
                return
        # A stream that ends without `done` counts as failed and is tried again: it says that the answer is whole.
        yield "done", {}
    except Exception:
        traceback.print_exc()
        # What went wrong is not for the end user's page.
        yield "error", {"message": "The agent failed.", "retryable": True}


class Stream:
    """A response that is written frame by frame; a heartbeat goes out while there are none."""

    def __init__(self, write):
        self._write = write
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._last = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def send(self, name, data):
        # json.dumps writes no line ends, so that data is always one line.
        chunk = chunk_of(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        with self._lock:
            self._last = time.monotonic()
            self._write(chunk)

    def end(self):
        with self._lock:
            self.leave()
            self._write(chunk_of(b""))

    def leave(self):
        self._ended.set()

    def _beat(self):
        while not self._ended.wait(HEARTBEAT_SECONDS):
            with self._lock:
                # The end may just have come: what is written after it would be taken for the next answer.
                if self._ended.is_set() or time.monotonic() - self._last < HEARTBEAT_SECONDS / 2:
                    continue
                try:
                    self._write(chunk_of(b":\n\n"))
                except OSError:
                    return  # nobody reads any more; the next frame finds out as well


def chunk_of(data):
    """One chunk of HTTP/1.1's chunked encoding; the empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def make_handler(answer, version, secret):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are used again, answers come in chunks
        disable_nagle_algorithm = True  # a word goes out when it is said

        def do_POST(self):
            length = self.headers.get("content-length", "")
            if not (length.isascii() and length.isdigit()):
                return self.refuse(411, "A call says how long its body is.")
            if int(length) > MAX_BODY_BYTES:
                return self.refuse(413, f"The request has more than {MAX_BODY_BYTES} bytes.")
            body = self.rfile.read(int(length))
            if secret and not is_signed(secret, self.headers, body):
                return self.refuse(401, "This call is not signed by AgentView, or long ago.")
            try:
                request = json.loads(body)
                if not isinstance(request["input"], dict) or not isinstance(request["items"], list):
                    raise TypeError
            except (ValueError, KeyError, TypeError):
                return self.refuse(400, 'The body has to be JSON with "input" (an object) and "items" (a list).')
            self.stream(request)

        def stream(self, request):
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("cache-control", "no-store")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            stream = Stream(self.wfile.write)
            try:
                for name, data in frames_of(answer, request, version):
                    stream.send(name, data)
                stream.end()
            except OSError:
                self.close_connection = True  # AgentView hung up (the run was cancelled, say): nobody reads the rest
            finally:
                stream.leave()

        def do_GET(self):
            self.refuse(405, "An agent is called with POST.", allow="POST")

        def refuse(self, status, message, **headers):
            body = json.dumps({"error": {"message": message}}).encode()
            self.close_connection = True  # its body may not have been read
            self.send_response(status)
            for name, value in {**headers, "content-type": "application/json", "connection": "close"}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass  # one line a call is what AgentView keeps

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # calls that come at once

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # that is only somebody who hung up
            super().handle_error(request, client_address)


def serve(answer, version="1.0.0", port=4103):
    """Answers calls until Ctrl-C. Without a secret whoever calls is answered: on one's own machine that is nobody else."""
    secret = os.environ.get("AGENTVIEW_SIGNING_SECRET")
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", port)))
    with Server(address, make_handler(answer, version, secret)) as server:
        print(f"The agent listens on http://{address[0]}:{address[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    serve(echo)
