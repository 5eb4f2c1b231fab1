import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['src', 'test', 'bench'];
const IMPORT = /\b(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'[^']*\/layout\.gen\.ts'/g;

/** What the TypeScript of a repository imports from layout.gen.ts; nothing else is generated there. */
export function namesImported(root: string): ReadonlySet<string> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(root, folder, path)),
  );
  const sources = files.filter((path) => /(?<!\.gen)\.ts$/.test(path)).map((path) => readFileSync(path, 'utf8'));
  return new Set(sources.flatMap(namesIn));
}

/** What one file imports from it. */
export function namesIn(source: string): readonly string[] {
  return [...source.matchAll(IMPORT)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((item) =>
        item
          .trim()
          .replace(/^type\s+/, '')
          .replace(/\s+as\s+\w+$/, ''),
      )
      .filter((name) => name !== ''),
  );
}
