/** A node whose daemon is to be changed while it runs, by a reload or by another version, and steps of it that fail. Needs root. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { drain, reload, undrain, upgrade } from '../../src/cli/admin-client.ts';
import type { HistoryEvent } from '../../src/control/history.ts';
import { MetasteerError, messageOf } from '../../src/errors.ts';
import { until } from '../kit/node.ts';
import { identities } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';
import { Strikes } from '../kit/strikes.ts';
import { NodeSite } from './node-site.ts';

export const WORKERS = 2;

export class ChangeSite {
  readonly node: NodeSite;
  /** Of the daemon that runs. */
  readonly running: Strikes;
  readonly newcomer: OtherVersion;
  /** Of the newcomer. */
  readonly coming: Strikes;

  #since = '';

  private constructor(node: NodeSite, running: Strikes, newcomer: OtherVersion, coming: Strikes) {
    this.node = node;
    this.running = running;
    this.newcomer = newcomer;
    this.coming = coming;
  }

  /** A daemon whose steps can be struck, and another version whose programs all differ. */
  static async open(attach: 'tcx' | 'clsact'): Promise<ChangeSite> {
    const version = new OtherVersion();
    const running = runningStrikes(version);
    const newcomer = new OtherVersion();
    newcomer.changeAttachedPrograms();
    const coming = comingStrikes(newcomer);
    const node = await NodeSite.open({ version, sections: { workers: WORKERS, steering: { attach } } });
    node.node.undo('versions', () => {
      version.remove();
      newcomer.remove();
    });
    return new ChangeSite(node, running, newcomer, coming);
  }

  async close(): Promise<void> {
    await this.node.close();
  }

  /** Runs a row: nothing is more or less than before, both tenants are served, and what was held up for the change goes on. */
  async around(inject: (site: ChangeSite) => Promise<void>): Promise<void> {
    const { node } = this;
    await node.around(async () => {
      this.#since = new Date().toISOString();
      try {
        await inject(this);
      } finally {
        for (const strikes of [this.running, this.coming]) strikes.disarm();
      }
      const { daemon, blue } = node;
      await drain(daemon.adminSocket, blue.router.uuid);
      await undrain(daemon.adminSocket, undefined);
      await daemon.untilSteering(node.node.stage.tenants.length, new AbortController().signal);
    });
  }

  /** Has a version take over, which must fail and say why, and leave the daemon that runs as it was. */
  async isNotUpgraded(why: RegExp, binary: string = this.newcomer.main): Promise<void> {
    const { daemon } = this.node;
    const before = await identities(daemon);
    await assertFails(upgrade(daemon.adminSocket, { binary }), why);
    assert.equal((await daemon.status()).daemon.pid, daemon.pid);
    assert.equal(await identities(daemon), before);
    await this.untilTold(/^not upgraded, this daemon goes on: /);
  }

  /** A reload with some sections changed; afterwards they are as before in the file, and nothing is left to follow. */
  async isNotReloaded(why: RegExp, sections: Readonly<Record<string, unknown>> | string): Promise<void> {
    const { daemon } = this.node;
    const original = readFileSync(daemon.configFile, 'utf8');
    const changed =
      typeof sections === 'string' ? sections : stringify({ ...(parse(original) as object), ...sections });
    writeFileSync(daemon.configFile, changed);
    try {
      await assertFails(reload(daemon.adminSocket), why);
    } finally {
      writeFileSync(daemon.configFile, original);
    }
    await this.untilTold(/^not reloaded, the configuration before stays: /);
    this.running.disarm();
    assert.deepEqual((await reload(daemon.adminSocket)).applied, []);
  }

  /** Of this row's events. */
  async untilTold(what: RegExp): Promise<void> {
    const { daemon } = this.node;
    const tells = ({ at, event }: HistoryEvent) => at >= this.#since && what.test(event);
    await until('status tells of it', async () => (await daemon.status()).events.some(tells));
  }
}

/** @param why of the message, with the error's code in parentheses as the command line tells it */
async function assertFails(asked: Promise<unknown>, why: RegExp): Promise<void> {
  await assert.rejects(asked, (error) => {
    const code = error instanceof MetasteerError ? error.code : 'no code';
    assert.match(`${messageOf(error)} (${code})`, why);
    return true;
  });
}

function runningStrikes(version: OtherVersion): Strikes {
  const strikes = new Strikes(version);
  strikes.before('control/hand-over.js', /handDescriptorsOver\(socket, descriptors\);/, 'give');
  strikes.before('control/hand-over.js', /this\.#done = true;/, 'accept');
  strikes.before(
    'control/worker-slot.js',
    /const \{ config, namespace, rates, log \} = this\.#context;/,
    'start worker',
  );
  strikes.before('cli/worker.js', /runWorker\(\);/, 'worker');
  // A newcomer that says nothing would be waited for longer than a row may take.
  version.change('dist/src/control/hand-over.js', /NEWCOMER_MS = 60_000/, 'NEWCOMER_MS = 8_000');
  version.change('dist/src/control/upgrade.js', /NEWCOMER_MS = 90_000/, 'NEWCOMER_MS = 12_000');
  version.change('dist/src/control/worker-process.js', /START_MS = 30_000/, 'START_MS = 5_000');
  return strikes;
}

/** The newcomer's steps, in their order. */
export const TAKEN = ['listen', 'receive', 'adopt maps', 'adopt port'] as const;
/** From here on packets meet its programs. */
export const PROGRAMS = ['replace programs', 'replace program', 'give port', 'commit'] as const;
/** Steps that are taken once for each port; they fail at the second. */
export const PER_PORT: ReadonlySet<string> = new Set(['adopt port', 'replace program', 'give port']);

function comingStrikes(version: OtherVersion): Strikes {
  const strikes = new Strikes(version);
  strikes.before('control/take-over.js', /const request = \{ socket: socket\.path/, 'listen');
  strikes.before('control/take-over.js', /return \{ document, descriptors: socket\.receive/, 'receive');
  strikes.before('control/succeed.js', /const maps = SteeringMaps\.adopt/, 'adopt maps');
  strikes.before('control/adopt.js', /const id = parsePortId\(described\.id\);/, 'adopt port');
  strikes.before('control/succeed.js', /await replacePrograms\(/, 'replace programs');
  strikes.before('control/attached-programs.js', /await port\.attachment\.replace\(match\);/, 'replace program');
  strikes.before('control/workers.js', /const id = parsePortId\(port\.portId\);/, 'give port');
  strikes.before('control/take-over.js', /\/\/ The point of no return\./, 'commit');
  strikes.before('cli/worker.js', /runWorker\(\);/, 'worker');
  strikes.before('cli/worker.js', /const fd = takeDescriptor\(id\);/, 'take port');
  version.change('dist/src/control/worker-process.js', /START_MS = 30_000/, 'START_MS = 5_000');
  return strikes;
}
