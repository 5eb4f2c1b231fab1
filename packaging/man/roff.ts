/** Writes the macros of man(7). Texts come from the program's own help and tables, so nothing is said twice. */

/** One page, from its heading on. */
export function page(name: string, section: number, date: string, version: string, body: readonly string[]): string {
  const heading = `.TH ${name.toUpperCase()} ${section} ${date} "metasteer ${version}" "metasteer"`;
  return `.\\" Written by packaging/man/main.ts: do not edit.\n${[heading, '.nh', ...body].join('\n')}\n`;
}

export function section(title: string, ...body: readonly string[]): string {
  return [`.SH ${title.toUpperCase()}`, ...body].join('\n');
}

/** A term and what is said of it. */
export function item(term: string, ...body: readonly string[]): string {
  return ['.TP', term, ...body].join('\n');
}

/** A text with `code` in it; a paragraph is one line here. */
export function text(plain: string): string {
  const marked = plain.split('`').map((piece, index) => (index % 2 === 1 ? bold(piece) : escaped(piece)));
  return atLineStart(marked.join(''));
}

export function bold(plain: string): string {
  return `\\fB${escaped(plain)}\\fR`;
}

export function italic(plain: string): string {
  return `\\fI${escaped(plain)}\\fR`;
}

/** Lines as they are, indented. */
export function example(...lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.EX', ...lines.map((line) => atLineStart(escaped(line))), '.EE', '.RE'].join('\n');
}

/** A hyphen is a minus here: options are to be copied. */
function escaped(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq')
    .replaceAll('…', '...')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha');
}

/** A point or an apostrophe at the start of a line would be a macro. */
function atLineStart(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
