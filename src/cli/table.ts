/** A column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string | number;
}

/** Lines of an aligned table with a line of titles, two spaces between columns, none at the end of a line. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = columns.map(({ title, cell }) => [title, ...rows.map((row) => String(cell(row)))]);
  const padded = cells.map((texts, index) => {
    const width = texts.reduce((widest, text) => Math.max(widest, text.length), 0);
    return texts.map((text) => (columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width)));
  });
  return [undefined, ...rows].map((_, line) =>
    padded
      .map((texts) => texts[line] ?? '')
      .join('  ')
      .trimEnd(),
  );
}
