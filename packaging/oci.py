#!/usr/bin/env python3
"""A container image of a portable archive, as an OCI image archive, without any container tool.

    packaging/oci.py ARCHIVE ARCH VERSION IMAGE      ARCH: x86_64 or arm64

The image has the program, its zone files and nothing else; it runs as user 10001 and keeps all in /data. The same
archive gives the same bytes (times: SOURCE_DATE_EPOCH).
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile
import time

USER = 10001
FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/sbin/nologin\ngridloom:x:{USER}:{USER}:Gridloom:/data:/sbin/nologin\n",
    "etc/group": f"root:x:0:\ngridloom:x:{USER}:\n",
}
# (folder, mode, owner); SQLite may want room for temporary files.
FOLDERS = [("data", 0o700, USER), ("tmp", 0o1777, 0)]
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


def add(tar, name, content, epoch, kind=tarfile.REGTYPE, mode=0o644, owner=0):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid, entry.mtime = kind, mode, owner, owner, epoch
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def layer(archive, epoch):
    """The bytes of the file system's tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar, tarfile.open(archive) as source:
        for name in ("etc", "usr"):
            add(tar, name, b"", epoch, tarfile.DIRTYPE, 0o755)
        for name, text in FILES.items():
            add(tar, name, text.encode(), epoch)
        for name, mode, owner in FOLDERS:
            add(tar, name, b"", epoch, tarfile.DIRTYPE, mode, owner)
        for entry in source.getmembers():
            inside = pathlib.PurePosixPath(*pathlib.PurePosixPath(entry.name).parts[1:])
            if inside.parts and inside.parts[0] in ("bin", "share"):
                entry.name, entry.uid, entry.gid = f"usr/{inside}", 0, 0
                if entry.islnk():
                    entry.linkname = "usr/" + "/".join(pathlib.PurePosixPath(entry.linkname).parts[1:])
                entry.mtime, entry.pax_headers = epoch, {}
                tar.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
    return out.getvalue()


def blob(blobs, content, media_type):
    digest = hashlib.sha256(content).hexdigest()
    blobs[f"blobs/sha256/{digest}"] = content
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def main():
    if len(sys.argv) != 5 or sys.argv[2] not in ARCHITECTURES:
        sys.exit(__doc__)
    archive, arch, version, image = sys.argv[1:]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    platform = {"architecture": ARCHITECTURES[arch], "os": "linux"}
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    files = layer(archive, epoch)
    blobs = {}
    config = {
        "created": created, **platform,
        "config": {
            "User": f"{USER}:{USER}",
            "WorkingDir": "/data",
            "Entrypoint": ["/usr/bin/gridloom"],
            # In a container the loopback is nobody else's: only listeners with TLS leave it.
            "Cmd": ["serve", "--data", "/data", "--https", "0.0.0.0:8443", "--mqtts", "0.0.0.0:8883"],
            "ExposedPorts": {"8443/tcp": {}, "8883/tcp": {}},
            "Volumes": {"/data": {}},
            "StopSignal": "SIGTERM",
            "Labels": {"org.opencontainers.image.title": "gridloom", "org.opencontainers.image.version": version,
                       "org.opencontainers.image.licenses": "MIT"},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(files).hexdigest()]},
        "history": [{"created": created, "created_by": "tools/package oci"}],
    }

    def encode(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    oci = "application/vnd.oci.image"
    manifest = encode({
        "schemaVersion": 2, "mediaType": f"{oci}.manifest.v1+json",
        "config": blob(blobs, encode(config), f"{oci}.config.v1+json"),
        "layers": [blob(blobs, gzip.compress(files, 9, mtime=0), f"{oci}.layer.v1.tar+gzip")],
    })
    described = blob(blobs, manifest, f"{oci}.manifest.v1+json")
    described |= {"platform": platform, "annotations": {"org.opencontainers.image.ref.name": version}}
    blobs["index.json"] = encode({"schemaVersion": 2, "mediaType": f"{oci}.index.v1+json", "manifests": [described]})
    blobs["oci-layout"] = encode({"imageLayoutVersion": "1.0.0"})
    with tarfile.open(image + ".new", "w", format=tarfile.PAX_FORMAT) as tar:
        for folder in ("blobs", "blobs/sha256"):
            add(tar, folder, b"", epoch, tarfile.DIRTYPE, 0o755)
        for name, content in sorted(blobs.items()):
            add(tar, name, content, epoch)
    os.replace(image + ".new", image)


if __name__ == "__main__":
    main()
