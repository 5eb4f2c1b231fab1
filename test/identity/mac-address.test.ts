import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseClientAddress } from '../../src/identity/client-address.ts';
import {
  linkLocalOf,
  type MacAddress,
  macAddressBytes,
  macAddressFromBytes,
  macOfLinkLocal,
  parseMacAddress,
} from '../../src/identity/mac-address.ts';

const macs = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macAddressFromBytes);

function mac(text: string): MacAddress {
  const parsed = parseMacAddress(text);
  assert.ok(parsed, text);
  return parsed;
}

describe('the MAC of a link-local address', () => {
  const cases: readonly [address: string, expected: string | undefined][] = [
    ['fe80::f816:3eff:fe00:b', 'fa:16:3e:00:00:0b'],
    ['fe80::ff:fe00:0', '02:00:00:00:00:00'],
    ['fe80::200:ff:fe00:0', '00:00:00:00:00:00'],
    ['fe80::fdff:ffff:feff:ffff', 'ff:ff:ff:ff:ff:ff'],
    ['fe80::1', undefined],
    ['fe80::', undefined],
    ['fe80::1234:5678:9abc:def0', undefined],
    ['fe80::f816:3eff:fd00:b', undefined],
    ['fe80::f816:3e00:fe00:b', undefined],
    ['fe80:0:0:1:f816:3eff:fe00:b', undefined],
    ['fe81::f816:3eff:fe00:b', undefined],
    ['fd00::f816:3eff:fe00:b', undefined],
    ['::', undefined],
    ['10.0.0.5', undefined],
    ['', undefined],
  ];
  for (const [address, expected] of cases) {
    test(`${address || 'nothing'} is ${expected ?? 'none'}`, () => assert.equal(macOfLinkLocal(address), expected));
  }

  test('is the one that the address was formed from', () => {
    fc.assert(fc.property(macs, (each) => assert.equal(macOfLinkLocal(linkLocalOf(each)), each)));
  });

  test('forms that address again, in the one form addresses have', () => {
    fc.assert(
      fc.property(macs, (each) => {
        const address = linkLocalOf(each);
        assert.equal(parseClientAddress(address), address);
      }),
    );
  });

  test('is there for no other address: what has one is formed from it', () => {
    // Often near to modified EUI-64, so that both ways are taken.
    const group = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0xff, 0xfe00, 0x3eff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 4, maxLength: 4 }), (groups) => {
        const address = parseClientAddress(`fe80:0:0:0:${groups.map((each) => each.toString(16)).join(':')}`);
        assert.ok(address);
        const found = macOfLinkLocal(address);
        if (found !== undefined) assert.equal(linkLocalOf(found), address);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a MAC', () => {
  test('goes through its bytes and its text unchanged', () => {
    fc.assert(
      fc.property(macs, (each) => {
        assert.equal(macAddressFromBytes(macAddressBytes(each)), each);
        assert.equal(mac(each.toUpperCase()), each);
      }),
    );
  });

  for (const text of [
    '',
    'fa:16:3e:00:00',
    'fa:16:3e:00:00:0b:00',
    'fa-16-3e-00-00-0b',
    'fa:16:3e:00:00:b',
    'fa:16:3e:00:00:0g',
    ' fa:16:3e:00:00:0b',
    'fa:16:3e:00:00:0b\n',
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseMacAddress(text), undefined));
  }
});
