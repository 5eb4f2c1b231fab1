import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRedirectHits } from '../../src/demo/neutron-rules.ts';

const RULES = `-N neutron-l3-agent-PREROUTING
-A neutron-l3-agent-PREROUTING -d 10.1.1.1/32 -c 7 420 -j DNAT --to-destination 10.0.0.5
-A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -c 3 180 -j REDIRECT --to-ports 9697
`;

test('the packet counter of the REDIRECT rule is read from a listing', () => {
  assert.equal(parseRedirectHits(RULES), 3);
});

for (const text of ['', RULES.replace('REDIRECT', 'DROP'), RULES.replace('-c 3 180 ', '')]) {
  test(`a listing without that rule or its counter is an error (${text.length} characters)`, () => {
    assert.throws(() => parseRedirectHits(text), /missing/);
  });
}
