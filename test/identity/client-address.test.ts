import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isLinkLocal, parseClientAddress } from '../../src/identity/client-address.ts';

describe('a client’s address, as a proxy says it,', () => {
  const cases: readonly [text: string, address: string | undefined][] = [
    ['10.0.0.5', '10.0.0.5'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::FFFF:10.0.0.5', '10.0.0.5'],
    ['fd00::5', 'fd00::5'],
    ['FD00:0:0:0:0:0:0:5', 'fd00::5'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['fe80:0::F816:3eff:fe00:000b', 'fe80::f816:3eff:fe00:b'],
    ['fe80::1%eth0', undefined],
    ['::ffff:10.0.0.5%1', undefined],
    ['10.0.0.5%', undefined],
    ['10.0.0.256', undefined],
    ['::ffff:10.0.0.256', undefined],
    ['010.0.0.5', undefined],
    ['10.0.0', undefined],
    ['10.0.0.5, 10.0.0.6', undefined],
    ['10.0.0.5 ', undefined],
    [' 10.0.0.5', undefined],
    ['10.0.0.5:80', undefined],
    ['[fd00::5]', undefined],
    ['fd00::5\n', undefined],
    ['blue-web', undefined],
    ['', undefined],
  ];
  for (const [text, address] of cases) {
    test(`${JSON.stringify(text)} is ${address ?? 'none'}`, () => assert.equal(parseClientAddress(text), address));
  }

  test('has one form in which it stays', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseClientAddress(text);
        assert.ok(address !== undefined && isIP(address) !== 0, text);
        assert.equal(parseClientAddress(address), address);
      }),
    );
  });

  test('is the same in whatever way its groups are written', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (given) => {
        const short = given.map((group) => group.toString(16)).join(':');
        const long = given.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');
        assert.equal(parseClientAddress(short), parseClientAddress(long));
      }),
    );
  });

  test('of IPv4 is the same mapped or not', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        assert.equal(parseClientAddress(text), text);
        assert.equal(parseClientAddress(`::ffff:${text}`), text);
      }),
    );
  });

  test('is none when it is any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(isIP(text) === 0);
        assert.equal(parseClientAddress(text), undefined);
      }),
    );
  });
});

test('fe80::/10 is link-local, what is beside it is not', () => {
  for (const address of ['fe80::1', 'FE80::1', 'febf::1', 'fe80::1%eth0']) assert.ok(isLinkLocal(address), address);
  for (const address of ['fe7f::1', 'fec0::1', '169.254.1.1', 'fd00::1', '::fe80:1'])
    assert.ok(!isLinkLocal(address), address);
});
