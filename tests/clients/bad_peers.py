"""Peers of bridges that are in a bad state. Context managers; what a peer keeps open ends with it. (Dead is a port on
which nothing listens, and paused a process that got SIGSTOP.)
"""
import contextlib
import socket
import threading

CONNACK, SUBSCRIBE = b"\x20\x02\x00\x00", b"\x82"


class Silent:
    """Lets everybody connect, and says nothing. In others serve() has each connection in a thread of its own."""

    def __init__(self, port=0):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections have it too: the system takes little ahead of a peer that does not read.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.lines, self.ended = [], threading.Event()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for line in [self.socket, *self.lines]:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self.socket.accept()
                self.lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with contextlib.suppress(OSError):
            self.serve(line)

    def serve(self, line):
        pass


class FullBroker(Silent):
    """An MQTT broker that lets everybody in, and subscribe once, and then reads no more."""

    def serve(self, line):
        line.recv(1024)
        line.sendall(CONNACK)
        if line.recv(1, socket.MSG_PEEK) == SUBSCRIBE:
            packet = line.recv(1024)
            line.sendall(suback(packet[2:]))


def suback(body):
    """The answer to a SUBSCRIBE of up to 127 bytes: every filter is granted."""
    filters, at = 0, 2
    while at + 2 < len(body):
        at += 2 + int.from_bytes(body[at:at + 2], "big") + 1
        filters += 1
    return bytes([0x90, 2 + filters]) + body[:2] + b"\x01" * filters
