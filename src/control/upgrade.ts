import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ERRORS, type ErrorCode, MetasteerError } from '../errors.ts';
import { packageVersion } from '../version.ts';
import type { History } from './history.ts';
import { clearTakeOverSockets } from './take-over-socket.ts';

/** From the start of the new version to its word that it serves, or to its end. */
const NEWCOMER_MS = 90_000;

/** What came of an upgrade. */
export interface UpgradeReport {
  readonly from: { readonly pid: number; readonly version: string };
  readonly to: { readonly pid: number; readonly version: string };
  readonly ports: number;
}

/** What the new version says when it serves, or why it does not, as one line of JSON. */
export type NewcomerReport =
  | { readonly pid: number; readonly version: string; readonly ports: number }
  | { readonly code: string; readonly message: string };

export interface UpgradePlan {
  /** Path of the configuration file. */
  readonly config: string;
  /** The program: a script for Node, or something to execute. */
  readonly binary: string;
}

/** Starts the new version, which takes over from this one (hand-over.ts). One at a time. */
export class Upgrader {
  readonly #history: History;
  readonly #runDir: string;
  #running = false;

  constructor(history: History, runDir: string) {
    this.#history = history;
    this.#runDir = runDir;
  }

  /** Resolves when the new version serves. @throws {MetasteerError} with its reason when it does not */
  async upgrade(plan: UpgradePlan): Promise<UpgradeReport> {
    if (this.#running) throw new MetasteerError('upgrade-refused', 'an upgrade is under way already');
    this.#running = true;
    this.#history.note('info', `starting ${plan.binary} with ${plan.config}, to take over`);
    try {
      return await this.#run(plan);
    } catch (error) {
      const failure = error instanceof MetasteerError ? error : new MetasteerError('upgrade-failed', String(error));
      this.#history.note('error', `not upgraded, this daemon goes on: ${failure.message}`, { code: failure.code });
      clearTakeOverSockets(this.#runDir);
      throw failure;
    } finally {
      this.#running = false;
    }
  }

  #run({ config, binary }: UpgradePlan): Promise<UpgradeReport> {
    const words = ['run', '-c', config, '--take-over', '--report-fd', '3'];
    const [command, argv] = binary.endsWith('.js') ? [process.execPath, [binary, ...words]] : [binary, words];
    // It is the newcomer that the service manager's watchdog watches then.
    const { WATCHDOG_PID: _, ...env } = process.env;
    const child = spawn(command, argv, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'], env });
    return new Promise((resolve, reject) => {
      const failed = (message: string) => reject(new MetasteerError('upgrade-failed', message));
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, NEWCOMER_MS);
      const settle = () => {
        clearTimeout(timer);
        child.unref();
      };
      child.once('error', (error) => {
        settle();
        failed(`${binary} could not be started: ${error.message}`);
      });
      child.once('exit', (code, signal) => {
        settle();
        if (isLate) return failed(`${binary} did not serve after ${NEWCOMER_MS / 1000} s, and was killed`);
        // What it said may still be on its way.
        setTimeout(() => failed(`${binary} ended with ${signal ?? `exit status ${code}`} before it said why`), 500);
      });
      const reports = child.stdio[3];
      if (!(reports instanceof Socket)) return;
      createInterface({ input: reports }).once('line', (line) => {
        settle();
        reports.destroy();
        const report = reportOf(line);
        if ('code' in report) return reject(errorOf(report));
        const { ports, ...to } = report;
        resolve({ from: { pid: process.pid, version: packageVersion() }, to, ports });
      });
    });
  }
}

function reportOf(line: string): NewcomerReport {
  try {
    return JSON.parse(line) as NewcomerReport;
  } catch {
    return { code: 'upgrade-failed', message: `it said ${JSON.stringify(line.slice(0, 200))}` };
  }
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): MetasteerError {
  return new MetasteerError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'upgrade-failed', message);
}
