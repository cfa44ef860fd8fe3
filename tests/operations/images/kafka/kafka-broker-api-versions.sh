#!/usr/bin/python3
"""Kafka's tool of this name is in a jar that policywire does not need; this asks the same question (ApiVersions, 0)."""

import socket
import struct
import sys

host, _, port = sys.argv[sys.argv.index("--bootstrap-server") + 1].partition(":")
request = struct.pack(">hhih", 18, 0, 1, -1)
with socket.create_connection((host, int(port)), timeout=5) as broker:
    broker.sendall(struct.pack(">i", len(request)) + request)
    answer = broker.recv(4096)
_, correlation, error = struct.unpack(">iih", answer[:10])
sys.exit(0 if (correlation, error) == (1, 0) else 1)
