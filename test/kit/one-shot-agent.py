#!/usr/bin/env python3
"""A stand-in for neutron-metadata-agent since 2025.1, faithful in what matters to a proxy (contract.md 2.3 to 2.5).

One recv(4096) per connection, one answer, close; listen backlog of 5; success replies with CR LF and no
`Connection: close`, error replies with bare LF. Each request is told on standard output as one JSON line.

usage: one-shot-agent.py SOCKET [WORKERS [WORK_SECONDS]]
"""

import base64
import concurrent.futures
import json
import os
import socket
import sys
import threading
import time

IDS = ("x-neutron-router-id", "x-neutron-network-id", "x-ovn-network-id")
LOCK = threading.Lock()


def tell(record):
    with LOCK:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


def parse(data):
    """Method, target, headers and body as far as they are in `data`; ValueError when the head is cut."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("no end of headers")
    lines = head.decode("utf-8").split("\r\n")
    method, target, _version = lines[0].split(" ")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name = name.lower()
        value = value.strip()
        headers[name] = headers[name] + ", " + value if name in headers else value
    length = int(headers.get("content-length", "0"))
    return method.upper(), target, headers, body[:length] if len(body) >= length else b""


def error(status, reason, message):
    body = "<html><head><title>%d %s</title></head><body>%s</body></html>" % (status, reason, message)
    return (
        "HTTP/1.1 %d %s\nContent-Type: text/plain; charset=UTF-8\nConnection: close\nContent-Length: %d\n\n%s"
        % (status, reason, len(body), body)
    ).encode()


def reply(method, target, headers, body):
    forwarded = headers.get("x-forwarded-for")
    if forwarded is None or "," in forwarded or " " in forwarded:
        return None
    ids = [name for name in IDS if name in headers]
    if not ids:
        return None
    if len(ids) > 1:
        return error(400, "Bad Request", "Both network and router defined.")
    if target.startswith("/missing"):
        return error(404, "Not Found", "Instance was not found on router.")
    answer = {"client": forwarded, "id": headers[ids[0]], "method": method, "target": target, "body": body.decode("latin-1")}
    content = json.dumps(answer)
    content += " " * max(0, 300 - len(content))
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    return (head + ("" if method == "HEAD" else content)).encode("latin-1")


def serve(connection, work):
    with connection:
        data = connection.recv(4096)
        if work:
            time.sleep(work)
        try:
            answer = reply(*parse(data))
        except ValueError:
            answer = None
        tell({"received": base64.b64encode(data).decode(), "answered": answer is not None})
        if answer is None:
            return
        try:
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def main():
    path = sys.argv[1]
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    work = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(5)
    tell({"listening": path})
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        slots = threading.Semaphore(workers)
        while True:
            slots.acquire()
            connection, _ = listener.accept()
            pool.submit(serve, connection, work).add_done_callback(lambda _: slots.release())


main()
