"""A Modbus TCP server that plays a PowerOcean inverter, for tests: the registers that devices/power_ocean.yaml names,
with the values of a virtual PowerOcean. It holds what it is told while its heartbeat is written, or it only says so.
"""
import contextlib
import select
import socket
import struct
import threading

CONTROL, METER_SETPOINT, BATTERY_SETPOINT, HEARTBEAT = 40534, 40542, 40571, 40608
POWERS = {40519: "sysLoadPwr", 40521: "sysGridPwr", 40523: "mpptPwr", 40525: "bpPwr"}
PHASES = {40580: ("pcsAPhase", "vol"), 40582: ("pcsBPhase", "vol"), 40584: ("pcsCPhase", "vol"),
          40586: ("pcsAPhase", "amp"), 40588: ("pcsBPhase", "amp"), 40590: ("pcsCPhase", "amp")}
SOC, BATTERY = 40527, 40525

# What it does with requests.
HONEST, IGNORES, SILENT, GARBAGE, SLOW = "honest", "ignores", "silent", "garbage", "slow"


class ModbusServer:
    """Serves on a free port of 127.0.0.1 until it is closed; a context manager. One thread, all connections."""

    def __init__(self, quotas, port=0):
        self.registers, self.manner = {}, HONEST
        self.written, self.beats, self.requests = {}, 0, 0
        self.changed = threading.Condition()
        self.play(quotas)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.closing, self.closed = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def play(self, quotas):
        """Takes the values of a PowerOcean: the answer to quota/all."""
        for address, name in POWERS.items():
            self.put_float(address, quotas[name])
        for address, (group, name) in PHASES.items():
            self.put_float(address, quotas[group][name])
        self.registers[SOC] = round(quotas["bpSoc"])

    def put_float(self, address, value):
        """Low half first, as the inverter has it."""
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        self.registers[address], self.registers[address + 1] = low, high

    def put_all_zero(self):
        self.registers = dict.fromkeys(self.registers, 0)

    def written_int(self, address):
        """High half first, as the inverter takes it."""
        high, low = self.written.get(address, 0), self.written.get(address + 1, 0)
        return struct.unpack(">i", struct.pack(">HH", high, low))[0]

    def _serve(self):
        peers, inputs = [], {}
        while True:
            ready, _, _ = select.select([self.closed, self.listener, *peers], [], [])
            if self.closed in ready:
                break
            for one in ready:
                if one is self.listener:
                    peer, _ = one.accept()
                    peers.append(peer)
                    inputs[peer] = b""
                    continue
                if not self._take(one, inputs):
                    peers.remove(one)
                    del inputs[one]
                    one.close()
        for one in [self.listener, self.closed, *peers]:
            one.close()

    def _take(self, peer, inputs):
        """False: the connection is over."""
        with contextlib.suppress(OSError):
            data = peer.recv(4096)
            if not data:
                return False
            inputs[peer] += data
            while len(inputs[peer]) >= 6:
                size = 6 + struct.unpack(">H", inputs[peer][4:6])[0]
                if len(inputs[peer]) < size:
                    break
                request, inputs[peer] = inputs[peer][:size], inputs[peer][size:]
                answer = self._answer(request)
                if self.manner == SLOW:
                    answer = answer[:3]  # and never the rest
                peer.sendall(answer)
            return True
        return False

    def _answer(self, request):
        with self.changed:
            self.requests += 1
            self.changed.notify_all()
            if self.manner == SILENT:
                return b""
            if self.manner == GARBAGE:
                return b"HTTP/1.1 400 Bad Request\r\n\r\n"
            function, first, count = struct.unpack(">BHH", request[7:12])
            if function == 3:
                words = [self.registers.get(first + k, 0) for k in range(count)]
                body = request[6:8] + bytes([2 * count]) + struct.pack(f">{count}H", *words)
            elif function in (6, 16):
                data = request[10:] if function == 6 else request[13:]
                for k, word in enumerate(struct.unpack(f">{len(data) // 2}H", data)):
                    self.written[first + k] = word
                self._act(first)
                body = request[6:12]
            else:
                body = bytes([request[6], function | 0x80, 1])
            return request[:4] + struct.pack(">H", len(body)) + body

    def _act(self, first):
        if first == HEARTBEAT:
            self.beats += 1
        if first == CONTROL and self.written_int(CONTROL) == 48 and self.beats and self.manner == HONEST:
            self.put_float(BATTERY, self.written_int(BATTERY_SETPOINT))

    def await_requests(self, patience_s):
        """Until another request came."""
        with self.changed:
            before = self.requests
            if not self.changed.wait_for(lambda: self.requests > before, patience_s):
                raise AssertionError(f"no request within {patience_s} s")

    def close(self):
        self.closing.close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
