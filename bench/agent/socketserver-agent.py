#!/usr/bin/python3
"""A metadata agent as neutron has it since 2025.1, made anew from what it does (contract.md 2.3 to 2.5): one thread and one
recv(4096) per connection, webob as parser, one answer, close; listen backlog of 5; nova asked with requests; success
passed on as the text of a webob.Response, own errors with bare LF. The port look-up answers from an inventory.

Every connection it accepts is told on standard output as one JSON line.

usage: socketserver-agent.py SOCKET INVENTORY NOVA_PORT SECRET

INVENTORY is a file with a JSON list of {"router", "address", "mac", "device_id", "tenant_id"}.
"""

import hashlib
import hmac
import io
import json
import os
import socketserver
import sys

import netaddr
import requests
import webob

SOCKET, INVENTORY, NOVA_PORT, SECRET = sys.argv[1:]
IDS = ("X-Neutron-Router-ID", "X-Neutron-Network-ID")

with open(INVENTORY) as file:
    INSTANCES = json.load(file)


def tell(record):
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def error(status, message):
    body = "<html><head><title>%s</title></head><body><h1>%s</h1>%s</body></html>" % (status, status, message)
    lines = ["HTTP/1.1 " + status, "Content-Type: text/plain; charset=UTF-8", "Connection: close"]
    return "\n".join(lines + ["Content-Length: %d" % len(body), "", body]).encode()


def mac_of(address):
    """The MAC that a link-local address was formed from by EUI-64."""
    identifier = int(address) & 0xFFFFFFFFFFFFFFFF
    octets = identifier.to_bytes(8, "big")
    return ":".join("%02x" % octet for octet in (octets[0] ^ 2, *octets[1:3], *octets[5:]))


def find(request):
    """The instance a request is from, or the error to answer with. Raises as the real one does, which ends the connection."""
    ids = [request.headers[name] for name in IDS if name in request.headers]
    if len(ids) > 1:
        return None, error("400 Bad Request", "Both network %s and router %s defined." % (ids[1], ids[0]))
    (owner,) = ids
    forwarded = request.headers.get("X-Forwarded-For")
    address = netaddr.IPAddress(forwarded)
    if address.is_ipv4_mapped():
        address = address.ipv4()
    if address.version == 6 and address.is_link_local():
        found = [each for each in INSTANCES if each["router"] == owner and each["mac"] == mac_of(address)]
    else:
        found = [each for each in INSTANCES if each["router"] == owner and each["address"] == str(address)]
    if len(found) != 1:
        return None, error("404 Not Found", "Instance was not found on router %s." % owner)
    return found[0], None


def ask_nova(instance, request):
    signature = hmac.new(SECRET.encode(), instance["device_id"].encode(), hashlib.sha256).hexdigest()
    headers = {
        "X-Forwarded-For": request.headers.get("X-Forwarded-For"),
        "X-Instance-ID": instance["device_id"],
        "X-Tenant-ID": instance["tenant_id"],
        "X-Instance-ID-Signature": signature,
    }
    query = "?" + request.query_string if request.query_string else ""
    url = "http://127.0.0.1:%s%s%s" % (NOVA_PORT, request.path_info, query)
    return requests.request(request.method, url, headers=headers, data=request.body, timeout=60)


def passed_on(answer, request):
    encoding = answer.encoding or "utf-8"
    response = webob.Response(
        body=answer.content, status=answer.status_code, content_type=answer.headers["content-type"], charset=encoding
    )
    text = request.http_version + " " + str(response)
    if response.status_code == 200 and not answer.content:
        text += "\r\n\r\n"
    return text.encode(encoding)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        tell({"accepted": True})
        data = self.request.recv(4096)
        data.decode("utf-8")
        request = webob.Request.from_file(io.BytesIO(data))
        instance, refusal = find(request)
        self.request.sendall(refusal or passed_on(ask_nova(instance, request), request))


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main():
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    with Server(SOCKET, Handler) as server:
        # For a proxy without privileges; the real one leaves it to the umask.
        os.chmod(SOCKET, 0o666)
        tell({"listening": SOCKET})
        server.serve_forever()


main()
