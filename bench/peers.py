"""The servers that bench/doors compares, each behind the same few names.

A side has `name`, `pid`, `to` (ADDR:PORT) and `flags` (what the generator is told for it, beside the load itself).
`counted(library, file)` is a context manager of the same side, started so that it counts its calls into the file.
"""
import contextlib

from common import Peer, counted, free_port, on_cores, program

# No limit on what waits for the subscriber: nothing may be lost. No rights, no passwords, no disk.
MOSQUITTO_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest none
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
"""

NGINX_CONFIG = """\
master_process off;
daemon off;
worker_processes 1;
pid {folder}/nginx-{port}.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  etag off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=10;
  keepalive_timeout 3600;
  keepalive_requests 1000000000;
  default_type application/json;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}{listen};
    {tls}location = {path} {{ alias {folder}/content.json; }}
  }}
}}
"""
# The versions that Gridloom's clients and it agree on; nginx of Debian 12 does not offer 1.3 unasked.
NGINX_TLS = "ssl_certificate {tls}/server.pem; ssl_certificate_key {tls}/server.key; ssl_protocols TLSv1.3;\n    "


class Side:
    """A server of somebody else's on some cores, which `start()` starts: a Peer."""

    def __init__(self, name, cores, start, flags):
        self.name, self.cores, self.start, self.flags = name, cores, start, flags
        with on_cores(cores):
            self.peer = start()
        self.pid, self.to = self.peer.pid, self.peer.place

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.__exit__()

    @contextlib.contextmanager
    def counted(self, library, file):
        with counted(library, file):
            other = Side(self.name, self.cores, self.start, self.flags)
        with other:
            yield other


class Gridloom:
    """A listener of a Home on some cores. The Home is started and stopped by its owner."""

    name = "Gridloom"

    def __init__(self, home, cores, door, flags):
        self.home, self.cores, self.door, self.flags = home, cores, door, flags

    @property
    def pid(self):
        return self.home.pid

    @property
    def to(self):
        return self.home.place(self.door)

    @contextlib.contextmanager
    def counted(self, library, file):
        with counted(library, file), on_cores(self.cores):
            self.home.restart()
        try:
            yield self
        finally:
            with on_cores(self.cores):
                self.home.restart()


def mosquitto(folder, cores):
    def start():
        port = free_port()
        config = folder / f"mosquitto-{port}.conf"
        config.write_text(MOSQUITTO_CONFIG.format(port=port))
        return Peer([program("mosquitto"), "-c", str(config)], port)

    return Side("mosquitto", cores, start, ["--subscribe", "/device/+/quota"])


def floor(path, cores, log=None):
    """`log`: a file that it writes each report to before it acknowledges it."""
    def start():
        port = free_port()
        return Peer([str(path), str(port), *([str(log)] if log else [])], port)

    return Side("durable floor" if log else "floor", cores, start, ["--subscribe", "#"])


def nginx(folder, cores, path, content, tls=None):
    """`tls`: the folder of the certificate and its key; None: plain. `path` is answered with `content`."""
    def start():
        port = free_port()
        config = folder / f"nginx-{port}.conf"
        (folder / "content.json").write_bytes(content)
        config.write_text(NGINX_CONFIG.format(port=port, folder=folder, path=path, listen=" ssl" if tls else "",
                                              tls=NGINX_TLS.format(tls=tls) if tls else ""))
        return Peer([program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(config)], port)

    return Side("nginx", cores, start, [])
