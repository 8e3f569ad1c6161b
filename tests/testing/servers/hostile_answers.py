"""Answers of a hostile server, for misbehaving_server.py: what a test wrote itself, floods, and drips."""

import threading
import urllib.parse

never = threading.Event()


def unquoted(path):
    return urllib.parse.unquote_to_bytes(path.split("?", 1)[1])


class HostileAnswers:
    """Mixed into an exchange, which has stream, path, asked (the how-manieth time) and size."""

    def raw(self):
        """/raw?A|B: the first request gets the bytes A, then the connection ends; all others B."""
        answers = self.path.split("?", 1)[1].split("|")
        answer = answers[min(self.asked, len(answers)) - 1]
        self.stream.sendall(urllib.parse.unquote_to_bytes(answer))
        return False

    def kept(self):
        """As raw, with one answer, and the connection stays open."""
        self.stream.sendall(unquoted(self.path))
        return True

    def flood(self):
        """/flood?BYTES: these again and again, until the client has had enough."""
        block = unquoted(self.path)
        block *= max(1, 65536 // len(block))
        self.stream.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.stream.sendall(block)

    def interim(self):
        """1xx answers without end."""
        while True:
            self.stream.sendall(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 1000)

    def statusline(self):
        """A status line without end."""
        self.stream.sendall(b"HTTP/1.1 200 ")
        while True:
            self.stream.sendall(b"O" * 65536)

    def drip(self):
        """/drip?A|B: A at once, then B, one byte every tenth of a second."""
        first, rest = unquoted(self.path).split(b"|", 1)
        self.stream.sendall(first)
        for byte in rest:
            self.stream.sendall(bytes([byte]))
            never.wait(0.1)
        return True

    def far(self):
        """A redirect to a URL that is too long."""
        self.head(302, Content_Length=0, Location="/" + "x" * 20000)
        return True

    def restless(self):
        """/restless/SIZE: another file at every request, and only its first half."""
        return self.file(version=self.asked, upto=self.size // 2)
