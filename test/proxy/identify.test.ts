import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { type PeerMac, parseMacAddress } from '../../src/identity/mac-address.ts';
import { type Client, identify as identifyLink } from '../../src/proxy/identity.ts';
import { SocketClientLink } from '../../src/proxy/socket-link.ts';

const MAC = parseMacAddress('fa:16:3e:01:02:03');

/** As much of a socket as identification looks at. */
function peer(address: string | undefined | Error): Socket {
  const socket = {
    _handle: { fd: 7 },
    on: () => undefined,
    get remoteAddress() {
      if (address instanceof Error) throw address;
      return address;
    },
  };
  return socket as unknown as Socket;
}

function identify(socket: Socket, peerMac: PeerMac): Client | undefined {
  return identifyLink(new SocketClientLink(socket, peerMac));
}

describe('a client is', () => {
  const rows: readonly [
    what: string,
    address: string | undefined | Error,
    mac: typeof MAC,
    client: string | undefined,
  ][] = [
    ['its IPv4 address', '10.0.0.5', undefined, '10.0.0.5'],
    ['its IPv4 address, unmapped', '::ffff:10.0.0.5', undefined, '10.0.0.5'],
    ['its IPv6 address', '2001:db8::5', undefined, '2001:db8::5'],
    ['the EUI-64 of its MAC when link-local', 'fe80::1234%qr-1', MAC, 'fe80::f816:3eff:fe01:203'],
    ['nobody when link-local with an unknown MAC', 'fe80::1234%qr-1', undefined, undefined],
    ['nobody when its socket has no peer any more', undefined, MAC, undefined],
    ['nobody when node cannot name its zone', new Error('uv_if_indextoiid'), MAC, undefined],
  ];
  for (const [what, address, mac, client] of rows) {
    test(what, () => assert.equal(identify(peer(address), () => mac)?.address, client));
  }

  test('looked up by MAC only when link-local', () => {
    const asked: number[] = [];
    const peerMac = (fd: number) => {
      asked.push(fd);
      return MAC;
    };
    identify(peer('10.0.0.5'), peerMac);
    identify(peer('2001:db8::5'), peerMac);
    assert.deepEqual(asked, []);
    identify(peer('fe80::1'), peerMac);
    assert.deepEqual(asked, [7]);
  });

  for (const address of ['10.0.0.5', 'fe80::1']) {
    test(`with a MAC that is looked up once and kept: ${address}`, () => {
      let asked = 0;
      const client = identify(peer(address), () => {
        asked += 1;
        return asked === 1 ? MAC : undefined;
      });
      assert.deepEqual([client?.mac.get(), client?.mac.get()], [MAC, MAC]);
      assert.equal(asked, 1);
    });
  }
});
