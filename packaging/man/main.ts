/** Writes the manual pages into a folder:   node dist/packaging/man/main.js FOLDER */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGENT_KEYS } from '../../src/agent/settings/schema.ts';
import { programOf } from '../../src/cli/program.ts';
import { CONFIG_KEYS } from '../../src/config/schema.ts';
import { packageVersion } from '../../src/version.ts';
import { commandPage, type Edition, filePage, shimPage } from './pages.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Every page by its file's name. */
export async function manualPages(): Promise<ReadonlyMap<string, string>> {
  const edition = currentEdition();
  const program = await programOf({
    argv: [],
    stdout: process.stdout,
    stderr: process.stderr,
    variables: {},
    exit: () => undefined,
  });
  return new Map([
    ['metasteer.1', commandPage(program, edition)],
    [
      'metasteer.yaml.5',
      filePage('metasteer.yaml', 'configuration of metasteer', CONFIG_KEYS, sampleOf('metasteer.yaml'), edition),
    ],
    [
      'metasteer-agent.yaml.5',
      filePage('metasteer-agent.yaml', 'settings of the metadata agent', AGENT_KEYS, [], edition),
    ],
    ['metasteer-haproxy.8', shimPage(edition)],
  ]);
}

/** The configuration that is installed, as an example. */
function sampleOf(name: string): readonly string[] {
  return readFileSync(join(root, 'packaging/deb', name), 'utf8')
    .trimEnd()
    .split('\n');
}

/** Version and date of the newest release in CHANGELOG.md. */
function currentEdition(): Edition {
  const version = packageVersion();
  const heading = /^## (\S+), (\d{4}-\d{2}-\d{2})$/m.exec(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'));
  if (heading?.[1] !== version) throw new Error(`CHANGELOG.md does not begin with ${version}`);
  return { version, date: heading[2] ?? '' };
}

const [folder] = process.argv.slice(2);
if (folder !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await manualPages()) writeFileSync(join(folder, name), text);
}
