import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. Compiled tests are some folders below it, so it is looked for from here upwards. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** The text of a file, by its path in the repository. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Whether a path of the repository exists. */
export function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** Folders right under one; the empty path is the repository itself. */
export function foldersIn(path: string): string[] {
  const entries = readdirSync(join(ROOT, path), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !isIgnored(entry.name))
    .map((entry) => join(path, entry.name));
}

/** All folders under one, at any depth. */
export function foldersUnder(path: string): string[] {
  return foldersIn(path).flatMap((folder) => [folder, ...foldersUnder(folder)]);
}

/** Files under a folder, at any depth, whose name matches; none when there is no such folder. */
export function filesUnder(path: string, name: RegExp): string[] {
  if (!exists(path)) return [];
  return [path, ...foldersUnder(path)].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(folder, entry.name)),
  );
}

/**
 * TypeScript without comments. Strings and regular expressions are recognised, so that a `//` in one stays;
 * a template with templates inside counts as several, which is enough for the rules here.
 */
export function withoutComments(code: string): string {
  const pieces =
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|((?:[=(,:[!&|?{};\n]|=>|return)\s*\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return code.replaceAll(pieces, (whole, text?: string, pattern?: string) => text ?? pattern ?? lineEnds(whole));
}

/** TypeScript without comments and without what is in strings. */
export function bareCode(code: string): string {
  return withoutComments(code).replaceAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, "''");
}

/** What a file imports, statically or not: package names, and paths in the repository. */
export function importsOf(path: string): string[] {
  const found = withoutComments(read(path)).matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...found].map(([, name = '']) => (name.startsWith('.') ? join(dirname(path), name) : name));
}

/** `FILE:LINE: text` for every line of every file that matches. */
export function hits(
  paths: readonly string[],
  pattern: RegExp,
  view: (code: string) => string = (code) => code,
): string[] {
  return paths.flatMap((path) =>
    view(read(path))
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

function lineEnds(text: string): string {
  return text.replaceAll(/[^\n]/g, '');
}

/** Folders that are not kept in git: installed, built, or hidden. */
function isIgnored(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules' || name === 'dist' || name.startsWith('dist-');
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above this test');
  return rootAbove(parent);
}
