import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { novaInstances } from '../../src/nova/instance.ts';
import { METADATA_KEYS } from '../../src/nova/instance-metadata.ts';
import { ROOT } from '../tidy/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-inventory-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'inventory.yaml');
const ID = 'aaaaaaaa-0000-4000-8000-000000000001';

function read(metadata: unknown, name?: string) {
  // Whoever reads an inventory knows that it is a mapping; here it is said once more.
  const mapping = metadata as Readonly<Record<string, unknown>>;
  const instance = { id: ID, project: 'p', ports: [], metadata: mapping, ...(name !== undefined && { name }) };
  const found = novaInstances({ instances: [instance] }, file).get(ID);
  assert.ok(found);
  return found;
}

describe('what is wrong with the metadata of an instance is told with instance and key:', () => {
  const cases: readonly (readonly [metadata: unknown, key: string, message: RegExp])[] = [
    ['text', 'metadata', /expected object/],
    [{ hostnam: 'x' }, 'metadata', /Unrecognized key: "hostnam"/],
    [{ launch_index: -1 }, 'metadata.launch_index', /./],
    [{ meta: { a: 1 } }, 'metadata.meta.a', /expected string/],
    [{ public_keys: { a: 'x', b: 'y' } }, 'metadata.public_keys', /one key pair/],
    [{ user_data: 7 }, 'metadata.user_data', /^expected text, {base64: …} or {file: …}$/],
    [{ user_data: { base64: 'not base64' } }, 'metadata.user_data.base64', /base64/],
    [{ user_data: { file: 'none' } }, 'metadata.user_data', /ENOENT/],
    [{ user_data: 'x'.repeat(1024 * 1024 + 1) }, 'metadata.user_data', /at most 1048576 bytes/],
    [{ files: [{ path: '/x' }] }, 'metadata.files.0.content', /./],
    [{ devices: [{ type: 'gpu' }] }, 'metadata.devices.0.type', /./],
    [{ devices: [{ type: 'nic' }] }, 'metadata.devices.0.mac', /./],
    [{ vendor_data: [] }, 'metadata.vendor_data', /./],
    [{ vendor_data2_delay: 'soon' }, 'metadata.vendor_data2_delay', /a duration/],
    [{ public_ipv4: 'fd00::1' }, 'metadata.public_ipv4', /IPv4/],
    [{ dns: ['here'] }, 'metadata.dns.0', /./],
  ];
  for (const [metadata, key, message] of cases) {
    test(JSON.stringify(metadata).slice(0, 60), () => {
      assert.throws(
        () => read(metadata),
        (error: Error & { code?: string }) => {
          const start = `${file}: instance ${ID}: ${key}: `;
          assert.ok(error.message.startsWith(start), error.message);
          assert.match(error.message.slice(start.length), message);
          assert.equal(error.code, 'inventory-invalid');
          return true;
        },
      );
    });
  }
});

describe('the metadata of an instance', () => {
  test('may be absent', () => assert.equal(read(undefined).availabilityZone, 'nova'));

  test('takes content as text, as Base64 and from a file beside the inventory', () => {
    writeFileSync(join(folder, 'data'), Buffer.of(0, 255));
    for (const [given, expected] of [
      ['grüße', Buffer.from('grüße')],
      [{ base64: 'AP8=' }, Buffer.of(0, 255)],
      [{ file: 'data' }, Buffer.of(0, 255)],
      [{ base64: Buffer.alloc(1024 * 1024).toString('base64') }, Buffer.alloc(1024 * 1024)],
    ] as const) {
      assert.deepEqual(read({ user_data: given }).userData, expected);
    }
  });

  test('numbers the network configuration before the files', () => {
    const { content, files, networkConfig } = read({
      files: [{ path: '/etc/motd', content: 'x' }],
      network_config: 'auto eth0',
    });
    assert.deepEqual(networkConfig, { name: 'network_config', content_path: '/content/0000' });
    assert.deepEqual(files, [{ path: '/etc/motd', content_path: '/content/0001' }]);
    assert.equal(content.get('0000'), 'auto eth0');
  });

  test('shows vendor data as the static part of the second kind, unless that is given', () => {
    assert.deepEqual(read({ vendor_data: { a: 1 }, vendor_data2: { b: {} } }).vendorData2, { static: { a: 1 }, b: {} });
    assert.deepEqual(read({ vendor_data: { a: 1 }, vendor_data2: { static: {} } }).vendorData2, { static: {} });
  });

  test('has a host name made of the name', () => {
    const names: readonly (readonly [string, string])[] = [
      ['Blue Web_1.example', 'blue-web-1-example.novalocal'],
      ['-ä-', 'server.novalocal'],
    ];
    for (const [name, hostname] of names) assert.equal(read({}, name).hostname, hostname);
  });

  test('has exactly the keys that docs/demo-nova.md lists', () => {
    const rows = [...readFileSync(join(ROOT, 'docs/demo-nova.md'), 'utf8').matchAll(/^\| `(\w+)` \|/gm)];
    assert.deepEqual(
      rows.map(([, key]) => key),
      METADATA_KEYS,
    );
  });
});
