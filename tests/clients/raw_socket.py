"""A WebSocket by hand, over the plain HTTP door: for what no client does, and for the live stream."""
import base64
import os
import socket
import struct

from server import PATIENCE_S

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server's answer to the handshake, which is not 101: its status and its body."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class RawSocket:
    def __init__(self, server, path="/mqtt", protocols="mqttv3.1, mqtt", headers=()):
        self.socket = socket.create_connection(server.place("http"), PATIENCE_S)
        self.bytes = b""
        key = base64.b64encode(os.urandom(16)).decode()
        also = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {':'.join(map(str, server.place('http')))}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocols}\r\n{also}\r\n".encode()
        )
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1]
        if status != b"101":
            self.socket.close()
            raise Refused(int(status), self.bytes.decode())

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError("the server closed the connection")
        self.bytes += piece

    def send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _take(self, count):
        while len(self.bytes) < count:
            self._more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def read(self):
        """(opcode, payload) of the next frame."""
        opcode, size = self._take(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return opcode & 0xF, self._take(size)

    def ended(self):
        try:
            self._more()
        except (EOFError, ConnectionResetError):
            return self.bytes == b""
        return False

    def close(self):
        self.socket.close()
