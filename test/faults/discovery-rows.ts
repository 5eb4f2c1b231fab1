import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { portOf, until } from '../kit/node.ts';
import { type NodeSite, PORTS_MAX } from './node-site.ts';
import type { FaultRow } from './row.ts';

const CHURN = 8;
const FLAPS = 10;
const ADDRESS = '10.0.0.1/24';

/** What `ip` does to the blue tenant's router interface. */
function change(site: NodeSite, ...args: readonly string[]): Promise<string> {
  return site.blue.router.namespace.ip(...args);
}

function interfaceOf(site: NodeSite): string {
  return site.blue.router.port.interface;
}

const namespaces: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'a router’s name appears and goes',
    when: 'before a namespace is mounted on it',
    holds: 'it is not reported any more',
    inject: async (site) => {
      const path = `/run/netns/qrouter-${site.spareUuid()}`;
      writeFileSync(path, '');
      rmSync(path);
      await site.untilServed();
    },
  },
  {
    fault: 'a router’s name is that of a file',
    when: 'for good',
    holds: 'it is reported, and forgotten with the file',
    inject: async (site) => {
      const name = `qrouter-${site.spareUuid()}`;
      writeFileSync(`/run/netns/${name}`, '');
      site.undo(() => rmSync(`/run/netns/${name}`, { force: true }));
      const isBroken = async () => (await site.daemon.status()).broken.some(({ namespace }) => namespace === name);
      await until('it is reported', isBroken);
      rmSync(`/run/netns/${name}`);
      await until('it is forgotten', async () => !(await isBroken()));
    },
  },
  {
    fault: 'routers come and go',
    when: 'at random moments of being found and attached',
    holds: 'nothing of them is left',
    inject: async (site, random) => {
      for (let count = 0; count < CHURN; count += 1) {
        const { remove } = await site.createRouter();
        await sleep(random() * 120);
        await remove();
      }
    },
  },
  {
    fault: 'a router’s namespace is replaced by another of its name',
    when: 'while it is steered',
    holds: 'the new one is steered',
    inject: async (site) => {
      const { router } = await site.createRouter();
      const { name } = router.namespace;
      const steered = async () => (await site.daemon.status()).ports.find(({ owner }) => owner === router.uuid);
      await until('it is steered', async () => (await steered())?.state === 'steering');
      await runCommand('ip', ['netns', 'del', name]);
      await runCommand('ip', ['netns', 'add', name]);
      const again = new Namespace(name);
      await again.ip('link', 'add', 'qr-again', 'type', 'veth', 'peer', 'name', 'other');
      await again.ip('addr', 'add', '10.9.0.1/24', 'dev', 'qr-again');
      await again.ip('link', 'set', 'qr-again', 'up');
      await until('the new one is steered', async () => {
        const port = await steered();
        return port?.state === 'steering' && port.interface === 'qr-again';
      });
    },
  },
  {
    fault: 'there are more routers than ports',
    when: 'when one more comes',
    holds: 'it is reported, and steered when another has gone',
    inject: async (site) => {
      const routers = [await site.createRouter(), await site.createRouter()];
      const states = async () =>
        (await site.daemon.status()).ports
          .filter(({ owner }) => routers.some(({ router }) => router.uuid === owner))
          .map(({ state, owner }) => ({ state, owner }));
      await until('one of them has failed', async () => {
        const sorted = (await states()).map(({ state }) => state).sort();
        assert.deepEqual(sorted, ['failed', 'steering']);
        return true;
      });
      assert.equal((await site.daemon.status()).ports.filter(({ state }) => state === 'steering').length, PORTS_MAX);
      const steered = (await states()).find(({ state }) => state === 'steering');
      await routers.find(({ router }) => router.uuid === steered?.owner)?.remove();
      await until('the other is steered', async () => (await states()).every(({ state }) => state === 'steering'));
    },
  },
];

const interfaces: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the router interface flaps',
    when: `${FLAPS} times, at random moments of being attached`,
    holds: 'it is steered in the end',
    inject: async (site, random) => {
      for (let count = 0; count < FLAPS; count += 1) {
        await change(site, 'link', 'set', interfaceOf(site), 'down');
        await sleep(random() * 40);
        await change(site, 'link', 'set', interfaceOf(site), 'up');
        await sleep(random() * 40);
      }
      await site.untilBlue('it is steered', ({ state }) => state === 'steering');
    },
  },
  {
    fault: 'the router interface’s MTU changes',
    when: 'down and up while it is steered',
    holds: 'the device follows',
    inject: async (site) => {
      for (const mtu of ['1280', '9000', '1500']) {
        await change(site, 'link', 'set', interfaceOf(site), 'mtu', mtu);
        const { device } = await portOf(site.daemon, site.blue);
        const ports = new Namespace(site.daemon.namespace);
        await until('it follows', async () =>
          (await ports.ip('link', 'show', 'dev', device ?? '')).includes(`mtu ${mtu} `),
        );
      }
    },
  },
  {
    fault: 'the router interface loses its address',
    when: 'while it is steered, as with a router that becomes a backup',
    holds: 'it is let go, and steered again with the address',
    inject: async (site) => {
      await change(site, 'addr', 'del', ADDRESS, 'dev', interfaceOf(site));
      const steered = async () =>
        (await site.daemon.status()).ports.some(({ owner }) => owner === site.blue.router.uuid);
      await until('it is let go', async () => !(await steered()));
      await change(site, 'addr', 'add', ADDRESS, 'dev', interfaceOf(site));
      await until('it is steered', steered);
    },
  },
  {
    fault: 'the router interface gets another MAC',
    when: 'while it is steered, and then its own again',
    holds: 'it is steered with each',
    inject: async (site) => {
      const name = interfaceOf(site);
      const { mac } = site.blue.router.port;
      for (const next of ['fa:16:3e:00:00:99', mac]) {
        const { device } = await site.untilBlue('steered', ({ state }) => state === 'steering');
        await change(site, 'link', 'set', name, 'address', next);
        await site.untilBlue('steered anew', (port) => port.state === 'steering' && port.device !== device);
      }
    },
  },
  {
    fault: 'the router interface gets another name',
    when: 'while it is steered, and then its own again',
    holds: 'it is steered under each',
    inject: async (site) => {
      const name = interfaceOf(site);
      for (const [from, to] of [
        [name, 'qr-renamed'],
        ['qr-renamed', name],
      ] as const) {
        await change(site, 'link', 'set', from, 'down');
        await change(site, 'link', 'set', from, 'name', to);
        await change(site, 'link', 'set', to, 'up');
        await until('it is steered', async () =>
          (await site.daemon.status()).ports.some((port) => port.interface === to && port.state === 'steering'),
        );
      }
      await site.untilBlue('it is steered', ({ state }) => state === 'steering');
    },
  },
  {
    fault: 'somebody removes the port device',
    when: 'while it is steered',
    holds: 'another is made when anything changes in the router',
    inject: async (site) => {
      const { device } = await portOf(site.daemon, site.blue);
      await new Namespace(site.daemon.namespace).ip('link', 'del', device ?? '');
      await change(site, 'link', 'set', 'lo', 'down');
      await change(site, 'link', 'set', 'lo', 'up');
      await site.untilBlue('steered anew', (port) => port.state === 'steering' && port.device !== device);
    },
  },
];

export const DISCOVERY_ROWS: readonly FaultRow<NodeSite>[] = [...namespaces, ...interfaces];
