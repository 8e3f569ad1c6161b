#!/usr/bin/env python3
"""A small HTTP server that misbehaves in one way per path, for tests of downloads.

misbehaving_server.py [CERTIFICATE KEY] listens on free ports of 127.0.0.1 and prints "READY HTTP HTTPS"
(HTTPS is 0 without a certificate). Byte i of a file of version V is (i % 251 + V - 1) % 256.
"""

import json
import socket
import ssl
import sys
import threading
import urllib.parse

sys.dont_write_bytecode = True  # Nothing is left beside the sources.
from hostile_answers import HostileAnswers

requests = []
times_asked = {}
lock = threading.Lock()
never = threading.Event()


def modified(version):
    return f"Sat, 01 Nov 2025 10:{(version - 1) % 60:02}:00 GMT"


def content(first, last, version=1):
    """Bytes first to last - 1."""
    block = bytes((i % 251 + version - 1) % 256 for i in range(251))
    start = first % 251
    return (block * ((last - first) // 251 + 2))[start:start + last - first]


class Exchange(HostileAnswers):
    """One request and the answer to it."""

    def __init__(self, stream, path, headers, asked):
        self.stream, self.path, self.headers, self.asked = stream, path, headers, asked
        self.parts = path.split("?")[0].strip("/").split("/")
        self.size = int(self.parts[1]) if len(self.parts) > 1 and self.parts[1].isdigit() else 0

    def head(self, status, **fields):
        lines = [f"HTTP/1.1 {status} Odd"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def range_start(self, version=1):
        asked = self.headers.get("range", "")
        valid = (f'"v{version}"', modified(version))
        if not asked.startswith("bytes=") or self.headers.get("if-range") not in valid:
            return None
        return int(asked[len("bytes="):].rstrip("-"))

    def file(self, version=1, upto=None, send=None):
        """The file, with ranges; bytes from `upto` on are announced and not sent."""
        etag, size = f'"v{version}"', self.size
        first = self.range_start(version)
        common = {"ETag": etag, "Last_Modified": modified(version), "Accept_Ranges": "bytes"}
        if first is not None and first >= size:
            self.head(416, Content_Range=f"bytes */{size}", Content_Length=0, **common)
            return True
        if first is None:
            first = 0
            self.head(200, Content_Length=size, **common)
        else:
            self.head(206, Content_Length=size - first,
                      Content_Range=f"bytes {first}-{size - 1}/{size}", **common)
        (send or self.stream.sendall)(content(first, size if upto is None else upto, version))
        return upto is None

    def slowly(self, data):
        for i in range(0, len(data), 16384):
            self.stream.sendall(data[i:i + 16384])
            never.wait(0.005)

    def byte_a_second(self, data):
        for i in range(len(data)):
            self.stream.sendall(data[i:i + 1])
            never.wait(1)

    def crawl(self):
        return self.file(send=self.byte_a_second)

    def plain(self):
        return self.file()

    def slow(self):
        return self.file(send=self.slowly)

    def early(self):
        return self.file(upto=self.size // 2 if self.asked == 1 else None)

    def changed(self):
        if self.asked == 1:
            return self.file(upto=self.size // 2)
        return self.file(version=2)

    def noranges(self):
        self.head(200, Content_Length=self.size, Accept_Ranges="none", ETag='"v1"')
        self.stream.sendall(content(0, self.size if self.asked > 1 else self.size // 2))
        return self.asked > 1

    def nolength(self):
        self.head(200, Connection="close", ETag='"v1"')
        self.stream.sendall(content(0, self.size))
        return False

    def chunk(self, data):
        self.stream.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def chunked(self):
        self.head(200, Transfer_Encoding="chunked")
        for first in range(0, self.size, 10000):
            self.chunk(content(first, min(first + 10000, self.size)))
        self.stream.sendall(b"0\r\n\r\n")
        return True

    def toolong(self):
        if self.asked == 1:
            return self.file(upto=self.size // 2)
        first = self.range_start()
        if first is None:
            return self.file()
        self.head(206, Transfer_Encoding="chunked", ETag='"v1"',
                  Content_Range=f"bytes {first}-{self.size - 1}/{self.size}")
        self.chunk(content(first, self.size + 10))
        self.stream.sendall(b"0\r\n\r\n")
        return True

    def pieces(self):
        """/pieces/SIZE/MOST: whatever is asked for, at most so many bytes of it."""
        first = self.range_start() or 0
        last = min(first + int(self.parts[2]), self.size)
        self.head(206, Content_Length=last - first, ETag='"v1"',
                  Content_Range=f"bytes {first}-{last - 1}/{self.size}")
        self.stream.sendall(content(first, last))
        return True

    def status(self):
        # A 304 has no body: bytes behind it would be the next answer on the same connection.
        body = b"" if self.size == 304 else b"no\n"
        self.head(self.size, Content_Length=len(body))
        self.stream.sendall(body)
        return True

    def redirect(self):
        left, size = int(self.parts[1]), self.parts[2]
        self.head(302, Content_Length=0,
                  Location=f"/redirect/{left - 1}/{size}" if left > 1 else f"../../plain/{size}")
        return True

    def to(self):
        target = urllib.parse.unquote(self.path.split("?", 1)[1], encoding="latin-1")
        self.head(302, Content_Length=0, Location=target)
        return True

    def bakery(self):
        """/bakery/PAGES/REST: each page sets 40 cookies, or so many as bakery=N in the last part says,
        and sends to the next, the last to /REST."""
        left, rest = int(self.parts[1]), "/".join(self.parts[2:])
        target = f"/bakery/{left - 1}/{rest}" if left > 1 else f"/{rest}"
        cookies = "".join(f"Set-Cookie: c{left}x{i}=v; Path=/\r\n" for i in range(self.loaves(rest)))
        self.stream.sendall(("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + cookies +
                             f"Location: {target}\r\n\r\n").encode())
        return True

    @staticmethod
    def loaves(rest):
        return int(rest.split("bakery=")[1]) if "bakery=" in rest else 40

    def long(self):
        """/long/QUERY/PATH: redirects to a query and a path with so many characters more."""
        query, path = "A" * int(self.parts[1]), "x" * int(self.parts[2])
        self.head(302, Content_Length=0, Location=f"/plain/70/signed{path}?token={query}")
        return True

    def loop(self):
        self.head(302, Content_Length=0, Location="/loop")
        return True

    def hang(self):
        never.wait()

    def hangbody(self):
        self.file(upto=self.size // 2)
        never.wait()

    def bighead(self):
        self.head(200, **{f"X_{i}": "y" * 100 for i in range(2000)})
        return True

    def garbage(self):
        self.stream.sendall(b"\x00\xff this is no HTTP \xfe\r\n\r\n")
        return False

    def connect(self):
        """As a proxy: CONNECT STATUS.example:443 is answered with that status."""
        self.head(self.path.split(".")[0], Content_Length=0, Location="http://login.example/")
        return False

    def log(self):
        with lock:
            text = json.dumps(requests).encode()
        self.head(200, Content_Length=len(text))
        self.stream.sendall(text)
        return True


def read_request(reader):
    line = reader.readline(65536)
    if not line.strip():
        return None
    method, path = line.decode("latin-1").split(" ")[:2]
    headers = {}
    while (line := reader.readline(65536)).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, path, headers


def note(path, headers, client):
    if path == "/log":
        return 1
    with lock:
        requests.append({"path": path, "port": client[1], "headers": headers})
        times_asked[path] = times_asked.get(path, 0) + 1
        return times_asked[path]


def relay(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def tunnel(stream, place):
    """CONNECT, to one's own machine."""
    host, port = place.rsplit(":", 1)
    stream.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    with socket.create_connection((host, int(port))) as far:
        back = threading.Thread(target=relay, args=(far, stream), daemon=True)
        back.start()
        relay(stream, far)
        back.join()


def serve(stream, client, context):
    try:
        if context is not None:
            stream = context.wrap_socket(stream, server_side=True)
        elif stream.recv(1, socket.MSG_PEEK) == b"\x16":
            stream.sendall(b"HTTP/1.1 400 This Is Plain HTTP\r\nContent-Length: 0\r\n\r\n")
            raise OSError("a TLS handshake")
        reader = stream.makefile("rb")
        while (request := read_request(reader)) is not None:
            method, path, headers = request
            if path.startswith("127.0.0.1:"):
                note(path, headers, client)
                tunnel(stream, path)
                break
            exchange = Exchange(stream, path, headers, note(path, headers, client))
            answer = "connect" if method == "CONNECT" else exchange.parts[0]
            if not getattr(exchange, answer)():
                break
    except (OSError, ValueError):
        pass  # The client went away: that is what some tests are about.
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    stream.close()


def accept(listener, context):
    while True:
        stream, client = listener.accept()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(stream, client, context), daemon=True).start()


def listen(context):
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    return listener.getsockname()[1]


def main():
    https = 0
    http = listen(None)
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        https = listen(context)
    print("READY", http, https, flush=True)
    never.wait()


main()
