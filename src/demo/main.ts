import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.ts';
import { account, paintFor } from './account.ts';
import { judge } from './checks.ts';
import { Daemon } from './daemon.ts';
import { makeReport, observe } from './observe.ts';
import { RunDir, removeLeftovers, removeNamespaces } from './run-dir.ts';
import { buildStage } from './stage.ts';
import { Teardown } from './teardown.ts';
import { missingRequirements } from './tools.ts';
import { tryThese } from './try-these.ts';

const USAGE = `usage: npm run demo -- [--keep] [--json]
  --keep  leave everything running, with commands to try, until Ctrl-C
  --json  print what was seen as one JSON document
`;
const LOG_LINES_SHOWN = 30;

interface Options {
  readonly keep: boolean;
  readonly json: boolean;
}

/** Builds, asks, starts the daemon, asks again, judges and tells. Resolves to whether all that was claimed was seen. */
async function demo(options: Options, teardown: Teardown): Promise<boolean> {
  const { signal } = teardown;
  for (const name of await removeLeftovers()) progress(`removed what an earlier demo left: ${name}`);
  const runDir = RunDir.create('demo');
  teardown.add('run directory', () => runDir.remove());

  progress('building two routers, two instances, a metadata agent and a metadata service');
  const stage = await buildStage(runDir, (what, action) => teardown.add(what, action));
  signal.throwIfAborted();

  progress('asking for metadata without metasteer');
  const before = await observe(stage);
  signal.throwIfAborted();

  progress('starting the daemon: metasteer run -c FILE');
  const routers = stage.tenants.map(({ router }) => router.uuid);
  const daemon = new Daemon({ runDir, agentSocket: stage.agentSocket, routers });
  teardown.add('daemon', () => stop(daemon));
  try {
    await daemon.untilSteering(routers.length, signal);
    progress('asking for metadata with metasteer');
    const report = await makeReport(stage, daemon, before, await observe(stage));
    const checks = judge(report);
    const holds = checks.every((check) => check.holds);
    if (options.json) process.stdout.write(`${JSON.stringify({ holds, checks, ...report }, null, 2)}\n`);
    else process.stdout.write(`\n${account(report, checks, paintFor(process.stdout, process.env))}\n`);
    if (!holds) showLog(daemon);
    if (options.keep) await keep(tryThese(stage, daemon), signal);
    return holds;
  } catch (error) {
    if (!signal.aborted) showLog(daemon);
    throw error;
  }
}

/** Stops the daemon, which takes away everything of its own; what is left of it is a failure, and removed. */
async function stop(daemon: Daemon): Promise<void> {
  const ended = await daemon.stop();
  const left = existsSync(`/run/netns/${daemon.namespace}`);
  await removeNamespaces([daemon.namespace]);
  if (ended && !left) return;
  showLog(daemon);
  throw new Error(ended ? `it left its namespace ${daemon.namespace}` : 'it did not end on SIGTERM and was killed');
}

async function keep(commands: readonly string[], signal: AbortSignal): Promise<void> {
  progress(`everything is left running; try, in another terminal:\n\n${commands.join('\n')}\n`);
  progress('Ctrl-C ends it');
  // Nothing but a signal ends this wait; the timer only keeps the process alive.
  while (!signal.aborted) await sleep(2 ** 30, undefined, { signal }).catch(() => {});
}

function showLog(daemon: Daemon): void {
  progress(`the last lines of the daemon:\n${daemon.log.slice(-LOG_LINES_SHOWN).join('\n')}`);
}

/** Goes to standard error, so that standard output is the account, or the JSON document, alone. */
function progress(text: string): void {
  process.stderr.write(`demo: ${text}\n`);
}

async function main(): Promise<number> {
  let options: Options;
  try {
    const { values } = parseArgs({ options: { keep: { type: 'boolean' }, json: { type: 'boolean' } } });
    options = { keep: values.keep === true, json: values.json === true };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const missing = missingRequirements();
  for (const line of missing) progress(line);
  if (missing.length > 0) return 1;

  const teardown = new Teardown();
  let holds = false;
  try {
    holds = await demo(options, teardown);
  } catch (error) {
    progress(messageOf(error));
  }
  progress('cleaning up');
  const failures = await teardown.run();
  for (const failure of failures) progress(failure);
  return holds && failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
