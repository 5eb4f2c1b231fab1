import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { service } from '../../bench/agent/openstack.ts';
import { catalogSchema, type EndpointChoice, endpointIn } from '../../src/agent/service-catalog.ts';
import { SourceError } from '../../src/agent/source.ts';

const catalog = catalogSchema.parse([
  service('identity', [['public', 'one', 'http://keystone']]),
  service('network', [
    ['public', 'one', 'http://public.one'],
    ['internal', 'one', 'http://internal.one'],
    ['internal', 'two', 'http://internal.two'],
  ]),
]);

const chosen: EndpointChoice = { type: 'network', interface: 'internal', region: 'one' };

describe('the endpoint of a service', () => {
  test('is that of interface and region', () => {
    assert.equal(endpointIn(catalog, chosen), 'http://internal.one');
    assert.equal(endpointIn(catalog, { ...chosen, region: 'two' }), 'http://internal.two');
  });

  test('needs no region where there is one', () => {
    assert.equal(endpointIn(catalog, { type: 'network', interface: 'public' }), 'http://public.one');
  });

  test('needs no region where all have the same', () => {
    const same = service('network', [
      ['public', 'one', 'http://all'],
      ['public', 'two', 'http://all'],
    ]);
    assert.equal(endpointIn(catalogSchema.parse([same]), { type: 'network', interface: 'public' }), 'http://all');
  });

  const wrong: readonly [what: string, catalog: unknown, choice: EndpointChoice, message: RegExp][] = [
    ['without the service', [service('identity', [])], chosen, /no service of type network, only identity$/],
    ['without any service', [], chosen, /no service of type network, only none at all/],
    ['without endpoints', [service('network', [])], chosen, /no internal endpoint of network, only none/],
    [
      'without the interface',
      catalog,
      { ...chosen, interface: 'admin' },
      /no admin endpoint of network, only internal, public$/,
    ],
    ['without the region', catalog, { ...chosen, region: 'three' }, /in region three, only in one, two$/],
    [
      'with several regions, none chosen',
      catalog,
      { type: 'network', interface: 'internal' },
      /several regions, and none is chosen: one, two$/,
    ],
    [
      'with two endpoints in one region',
      [
        service('network', [
          ['internal', 'one', 'http://a'],
          ['internal', 'one', 'http://b'],
        ]),
      ],
      chosen,
      /several internal endpoints of network in one region: http:\/\/a, http:\/\/b$/,
    ],
  ];
  for (const [what, given, choice, message] of wrong) {
    test(`cannot be told from a catalogue ${what}`, () => {
      assert.throws(
        () => endpointIn(catalogSchema.parse(given), choice),
        (error) => error instanceof SourceError && message.test(error.message),
      );
    });
  }
});
