/** Documents of another daemon, read as bytes of anybody: what is wrong is said in one line, at the first thing that is wrong. */
import * as z from 'zod';

const MESSAGE_MAX = 200;

/** A document that is not used, and why. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';

  constructor(why: string) {
    super(why.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MESSAGE_MAX));
  }
}

/** @throws {DocumentError} */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says has the text in it.
    throw new DocumentError('it is no JSON');
  }
}

/** @throws {DocumentError} naming the place of what is missing or wrong */
export function parseAs<T>(schema: z.ZodType<T>, document: unknown): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DocumentError(`${issue?.path.map(String).join('.') || 'the document'}: ${issue?.message ?? 'wrong'}`);
}

/** So many items of one kind at most. The first that is wrong ends it: complaints about millions of them would fill the heap. */
export function listOf<T>(item: z.ZodType<T>, most: number) {
  return bounded((given) => (Array.isArray(given) ? given.length : undefined), most).transform(
    (items, context): readonly T[] => {
      const parsed: T[] = [];
      for (const [index, each] of (items as readonly unknown[]).entries()) {
        const result = item.safeParse(each);
        if (!result.success) {
          const [issue] = result.error.issues;
          context.addIssue({
            code: 'custom',
            path: [index, ...(issue?.path ?? [])],
            message: issue?.message ?? 'wrong',
          });
          return z.NEVER;
        }
        parsed.push(result.data);
      }
      return parsed;
    },
  );
}

/** Values by so many names at most. */
export function recordOf<T>(value: z.ZodType<T>, most: number) {
  const sizeOf = (given: unknown) =>
    typeof given === 'object' && given !== null ? Object.keys(given).length : undefined;
  return bounded(sizeOf, most).pipe(z.record(z.string(), value));
}

function bounded(sizeOf: (given: unknown) => number | undefined, most: number) {
  const isWithin = (given: unknown) => (sizeOf(given) ?? Number.POSITIVE_INFINITY) <= most;
  return z.unknown().refine(isWithin, { message: `expected at most ${most}`, abort: true });
}
