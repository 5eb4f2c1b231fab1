import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tidy/sources.ts';

/** Request fixtures of nodejs/llhttp (MIT), kept beside the repository: they are read there, never copied. */
export const FIXTURES = join(ROOT, '../shared/fixtures/llhttp/test/request');

export const areThere = existsSync(FIXTURES);

/** A request as llhttp saw it in a fixture. */
export interface Message {
  method: string;
  url: string;
  /** As llhttp prints them, for looking up names. */
  readonly fields: string[];
  body: Buffer;
  /** Where its version ends in the input; -1 when it did not come so far. */
  versionEnd: number;
  complete: boolean;
}

export interface Fixture {
  /** `FILE: title`, with a number where a title comes twice. */
  readonly name: string;
  readonly input: Buffer;
  /** Taken only by a parser that was told to be lenient. */
  readonly lenient: boolean;
  readonly skipsBody: boolean;
  readonly messages: readonly Message[];
  /** Why llhttp refuses the input; undefined when it does not. */
  readonly error: string | undefined;
}

/** Codes by which llhttp hands over to another protocol: they end its work, but refuse nothing. */
const HAND_OVER = [22, 23];

/** All fixtures, in the order of their files. */
export function readFixtures(): Fixture[] {
  const names = new Map<string, number>();
  return readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .flatMap((file) => fixturesOf(file, readFileSync(join(FIXTURES, file), 'utf8')))
    .map((fixture) => {
      const count = (names.get(fixture.name) ?? 0) + 1;
      names.set(fixture.name, count);
      return count === 1 ? fixture : { ...fixture, name: `${fixture.name} (${count})` };
    });
}

/** A case is a heading, a comment with its type, the request between fences, and the log between fences. */
function fixturesOf(file: string, text: string): Fixture[] {
  const fence = '```';
  const cases = text.matchAll(
    new RegExp(
      `<!-- meta=(\\{.*?\\}) -->\\s*${fence}http\\n(.*?)${fence}[^${'`'}]*${fence}log\\n(.*?)(?:${fence}|$)`,
      'gs',
    ),
  );
  return [...cases].map(({ 1: meta = '{}', 2: request = '', 3: log = '', index }) => {
    const title = [...text.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '';
    const { type, skipBody } = JSON.parse(meta) as { readonly type: string; readonly skipBody?: boolean };
    const input = inputOf(request);
    return {
      name: `${file.replace(/\.md$/, '')}: ${title}`,
      input,
      lenient: type.startsWith('request-lenient'),
      skipsBody: skipBody === true,
      ...logged(log, input),
    };
  });
}

/** The bytes that the text between the fences stands for, by the rules of llhttp's own runner. */
function inputOf(text: string): Buffer {
  const plain = text
    .replace(/\n$/, '')
    .replace(/\\\n/g, '')
    .replaceAll('\n', '\r\n')
    .replaceAll('\\r', '\r')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('\\f', '\f')
    .replace(/\\x([0-9a-fA-F]+)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/\\([0-7]{1,3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    // The one piece of script in use.
    .replace(/\$\{'(.)'\.repeat\((\d+)\)\}/g, (_, letter: string, count: string) => letter.repeat(Number(count)));
  return Buffer.from(plain, 'utf8');
}

/** What the log says: the messages, and how it ended. */
function logged(log: string, input: Buffer): Pick<Fixture, 'messages' | 'error'> {
  const messages: Message[] = [];
  let error: string | undefined;
  for (const line of log.split('\n')) {
    const span = /^off=(\d+) len=(\d+) span\[(\w+)\]/.exec(line);
    const current = messages.at(-1);
    if (/ message begin$/.test(line)) {
      messages.push({ method: '', url: '', fields: [], body: Buffer.alloc(0), versionEnd: -1, complete: false });
    } else if (span !== null && current !== undefined) {
      const start = Number(span[1]);
      addSpan(current, span[3] ?? '', input.subarray(start, start + Number(span[2])));
    } else if (/ version complete$/.test(line) && current !== undefined) {
      current.versionEnd = Number(/^off=(\d+)/.exec(line)?.[1] ?? -1);
    } else if (/ message complete$/.test(line) && current !== undefined) {
      current.complete = true;
    }
    const failure = / error code=(\d+) (reason=".*")$/.exec(line);
    if (failure !== null && !HAND_OVER.includes(Number(failure[1]))) error = failure[2];
  }
  return { messages, error };
}

/** Long values come in several spans. */
function addSpan(message: Message, what: string, bytes: Buffer): void {
  if (what === 'method') message.method += bytes.toString('latin1');
  else if (what === 'url') message.url += bytes.toString('latin1');
  else if (what === 'header_field') message.fields.push(bytes.toString('latin1').toLowerCase());
  else if (what === 'body') message.body = Buffer.concat([message.body, bytes]);
}

/**
 * The input with a Host line in every request that has none: llhttp asks for none, RFC 9112 section 3.2 does, and a
 * missing Host must not be what a case is refused for.
 */
export function withHosts({ input, messages }: Fixture): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { fields, versionEnd } of messages) {
    if (versionEnd === -1 || fields.includes('host')) continue;
    const lineEnd = input.indexOf('\n', versionEnd) + 1;
    if (lineEnd === 0) continue;
    pieces.push(input.subarray(from, lineEnd), Buffer.from('Host: a\r\n'));
    from = lineEnd;
  }
  return Buffer.concat([...pieces, input.subarray(from)]);
}
