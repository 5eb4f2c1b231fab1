#!/usr/bin/python3
"""A stub agent that reads requests exactly as neutron-metadata-agent since 2025.1 does: one recv(4096) per connection,
parsed by the real webob (contract.md 2.4). It answers with what it understood, in the header X-Seen.

Success is answered with str(webob.Response), a target that begins with /missing with an error whose lines end with bare
LF (contract.md 2.5). When standard input ends it tells how many requests it read, and ends.

usage: webob-agent.py SOCKET
"""

import base64
import io
import json
import os
import socket
import sys
import threading

import netaddr
import webob

seen = {"requests": 0, "unanswered": 0}


def tell(record):
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def understood(request):
    environ = request.environ
    names = ("CONTENT_TYPE", "CONTENT_LENGTH")
    address = request.headers.get("X-Forwarded-For")
    return {
        "method": request.method,
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "body": base64.b64encode(request.body).decode(),
        "headers": {key: value for key, value in environ.items() if key.startswith("HTTP_") or key in names},
        # What the agent looks the instance up by; it raises for anything but one address.
        "address": str(netaddr.IPAddress(address)),
    }


def reply(request):
    report = base64.b64encode(json.dumps(understood(request)).encode()).decode()
    body = b"" if request.method == "HEAD" else b"it was understood"
    if request.environ["PATH_INFO"].startswith("/missing"):
        lines = ["HTTP/1.1 404 Not Found", "Content-Type: text/plain; charset=UTF-8", "X-Seen: " + report]
        lines += ["Connection: close", "Content-Length: %d" % len(body), "", ""]
        return "\n".join(lines).encode() + body
    response = webob.Response(body=body, status=200, content_type="text/plain", charset="utf-8")
    response.headers["X-Seen"] = report
    text = "HTTP/1.1 " + str(response)
    return (text if body else text + "\r\n\r\n").encode()


def serve(connection):
    data = connection.recv(4096)
    if not data:
        return
    seen["requests"] += 1
    try:
        data.decode("utf-8")
        answer = reply(webob.Request.from_file(io.BytesIO(data)))
    except Exception as error:
        seen["unanswered"] += 1
        sys.stderr.write("%r: %r\n" % (error, data))
        return
    connection.sendall(answer)
    connection.shutdown(socket.SHUT_WR)


def end_with_input():
    sys.stdin.read()
    tell(seen)
    os._exit(0)


def main():
    path = sys.argv[1]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(5)
    threading.Thread(target=end_with_input, daemon=True).start()
    tell({"listening": path})
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                serve(connection)
            except OSError:
                pass


main()
