/** The fields that say whose line it is, when it came and what it means: never the worker's own. */
const OURS: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'role', 'msg']);
const LEVELS: ReadonlySet<unknown> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** What JSON leaves as it is, but moves a terminal's cursor, breaks lines or turns text around. */
const UNSEEMLY = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Whose line it is. */
export interface Speaker {
  readonly pid: number;
  /** An ISO 8601 time. */
  readonly time: string;
}

/**
 * A line of the supervisor's log for one that a worker wrote, which may have written anything. What it logged itself keeps its level,
 * its text and its fields; everything else is a warning with the text. Level, time, pid and role are the supervisor's word.
 *
 * @returns a line with its LF
 */
export function lineOf(written: string, isCut: boolean, speaker: Speaker): string {
  const cut = isCut ? { cut: true } : {};
  try {
    return jsonLine((isCut ? undefined : logged(written)) ?? { level: 'warn', msg: written, fields: cut }, speaker);
  } catch {
    // Nested more deeply than can be written.
    return jsonLine({ level: 'warn', msg: written, fields: cut }, speaker);
  }
}

function jsonLine({ level, msg, fields }: Logged, { pid, time }: Speaker): string {
  const line = { level, time, pid, role: 'worker', ...fields, msg };
  return `${JSON.stringify(line).replace(UNSEEMLY, escaped)}\n`;
}

interface Logged {
  readonly level: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a logger of ours wrote; undefined for any other text. */
function logged(written: string): Logged | undefined {
  if (!written.startsWith('{')) return undefined;
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = JSON.parse(written);
  } catch {
    return undefined;
  }
  const { level, msg } = parsed;
  if (!LEVELS.has(level) || typeof msg !== 'string') return undefined;
  const fields: Record<string, unknown> = Object.create(null);
  for (const key in parsed) if (!OURS.has(key)) fields[key] = flat(parsed[key]);
  return { level: String(level), msg, fields };
}

/** What is in a field is text, so that nothing in it has the names of ours. */
function flat(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
