"""A server, and a proxy for plain HTTP, that asks and asks again. Arguments: none.

Prints READY and its port. A URL with "stale" in it: Digest with a new nonce for every answer; with
"drip": Digest, in an answer without end; with "once": one answer is good, the next request is asked
again; with "count": how often the rest of it was asked for; with "relay": what it was shown as
Authorization; any other: Basic, always. As a proxy it asks by 407, else by 401.
"""

import collections
import http.server
import time

counts = collections.Counter()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        proxied = not self.path.startswith("/")
        if "count" in self.path:
            return self.answer(200, str(counts[self.path.split("count")[1]]))
        if "relay" in self.path:
            return self.answer(200, self.headers.get("Authorization", "nothing"))
        name = self.path.rsplit("/", 1)[1]
        counts[name] += 1
        shown = self.headers.get("Proxy-Authorization" if proxied else "Authorization")
        if "once" in self.path and shown and counts[name] == 2:
            return self.answer(200, "content")
        if "drip" in self.path:
            return self.drip()
        scheme = 'Basic realm="r"'
        if "stale" in self.path:
            scheme = 'Digest realm="r", nonce="%d", stale=true, qop="auth"' % counts[name]
        field = "Proxy-Authenticate" if proxied else "WWW-Authenticate"
        return self.answer(407 if proxied else 401, "who?", {field: scheme})

    do_CONNECT = do_GET

    def answer(self, status, text, fields=()):
        self.send_response(status)
        for name in fields:
            self.send_header(name, fields[name])
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def drip(self):
        """Asks, and then says something else, slowly and for ever."""
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Digest realm="r", nonce="1", qop="auth"')
        self.send_header("Content-Length", "1000000000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"word")
                time.sleep(0.1)
        except OSError:
            pass

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("READY", server.server_address[1], flush=True)
server.serve_forever()
