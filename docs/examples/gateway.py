#!/usr/bin/env python3
"""Brings devices into Gridloom that another program speaks with (Bluetooth, an ESP32, a serial line).

    my-reader | gateway.py --account anna --key-file key.txt --server localhost:1883 | my-writer

Reads a JSON object a line:   {"sn": "HEATER-01", "params": {"tank_c": 54.5}}            a report
                              {"sn": "HEATER-01", "online": false}                      the device is gone
                              {"sn": "HEATER-01", "reply": {"id": 7, "data": {"ack": 0}}}   the answer to a set
Writes a JSON object a line:  {"sn": "HEATER-01", "set": {"id": 7, "params": {...}}}      answer it within 8 s
"""
import argparse
import itertools
import json
import os
import pathlib
import sys
import time

import paho.mqtt.client as mqtt  # Debian: python3-paho-mqtt

arguments = argparse.ArgumentParser(description="A gateway for Gridloom")
arguments.add_argument("--server", default="localhost:1883")
arguments.add_argument("--account", required=True)
arguments.add_argument("--key-file", required=True, type=pathlib.Path)
arguments.add_argument("--ca", help="certificate authority of a server with TLS: data/tls/ca.pem")
given = arguments.parse_args()
host, _, port = given.server.rpartition(":")
numbers = itertools.count(time.time_ns() // 1_000_000)


def publish(sn, verb, message):
    # QoS 1: what is acknowledged is on the server's disk. Until then paho keeps it, also while the server is away.
    return client.publish(f"/device/{sn}/{verb}", json.dumps(message), qos=1)


def on_connect(connected, _data, _flags, code, *_more):
    if code != 0:
        print(f"the server refuses the gateway: {mqtt.connack_string(code)}", file=sys.stderr, flush=True)
        os._exit(1)  # this is paho's thread, not the program's
    connected.subscribe("/device/+/set", qos=1)
    print(f"connected as gateway:{given.account}", file=sys.stderr, flush=True)


def on_message(_client, _data, message):
    print(json.dumps({"sn": message.topic.split("/")[2], "set": json.loads(message.payload)}), flush=True)


client = mqtt.Client(client_id=f"gateway-{given.account}")
client.username_pw_set(f"gateway:{given.account}", given.key_file.read_text().strip())
if given.ca:
    client.tls_set(given.ca)
client.max_queued_messages_set(10_000)
client.on_connect, client.on_message = on_connect, on_message
client.connect(host, int(port))
client.loop_start()
sent = None
for line in sys.stdin:
    row = json.loads(line)
    if "params" in row:
        sent = publish(row["sn"], "quota", {"id": next(numbers), "version": "1.0",
                                            "timestamp": row.get("timestamp", time.time_ns() // 1_000_000),
                                            "params": row["params"]})
    if "reply" in row:
        sent = publish(row["sn"], "set_reply", row["reply"])
    if "online" in row:
        sent = publish(row["sn"], "status", {"params": {"status": int(row["online"])}})
if sent is not None:
    sent.wait_for_publish(10)
client.disconnect()  # all of its devices are offline now
client.loop_stop()
