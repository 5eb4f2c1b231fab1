/**
 * Says which of a folder's packages need not be installed: the programs contain what they use of them (packaging/bundle.ts).
 *
 *     node dist/packaging/bundled.js FOLDER
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTERNAL } from './bundle.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const [, , folder = ''] = process.argv;

/** The packages that the programs find at run time, and those that these need. */
const needed = new Set<string>(EXTERNAL);
for (const name of needed) {
  const file = join(folder, name, 'package.json');
  if (!existsSync(file)) continue;
  const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  for (const each of Object.keys(dependencies)) needed.add(each);
}

const there = readdirSync(folder).flatMap((name) =>
  name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : [name],
);
for (const name of there) if (!needed.has(name)) console.log(name);
