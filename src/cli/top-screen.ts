import { MetasteerError } from '../errors.ts';
import { SORTS, type SortKey, type TopView } from './top-frame.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CTRL_C = '\u0003';
/** What a terminal has that does not say. */
const USUAL = { columns: 80, rows: 24 };

type Paint = (view: TopView) => readonly string[];

/** The terminal, while it shows nothing but frames. Gives it back as it was. */
export class Screen {
  /** Resolves when the user has had enough. */
  readonly quit: Promise<'quit'>;
  #leave: () => void = () => undefined;
  #sort: SortKey;
  #paint: Paint = () => [];
  readonly #onKey = (bytes: Buffer) => this.#key(bytes.toString('latin1'));
  readonly #onResize = () => this.#show();

  private constructor(sort: SortKey) {
    this.#sort = sort;
    this.quit = new Promise((resolve) => {
      this.#leave = () => resolve('quit');
    });
    process.stdin.setRawMode(true).resume().on('data', this.#onKey);
    process.stdout.on('resize', this.#onResize);
    process.once('SIGTERM', this.#leave);
    process.stdout.write(ENTER);
  }

  /** @throws {MetasteerError} `usage` where there is no terminal */
  static open(sort: SortKey): Screen {
    if (process.stdin.isTTY && process.stdout.isTTY) return new Screen(sort);
    throw new MetasteerError('usage', 'top needs a terminal; use --once or --json elsewhere');
  }

  /** Shows a frame, and again whenever the terminal or the order changes. */
  draw(paint: Paint): void {
    this.#paint = paint;
    this.#show();
  }

  close(): void {
    process.stdin.off('data', this.#onKey).setRawMode(false).pause();
    process.stdout.off('resize', this.#onResize);
    process.off('SIGTERM', this.#leave);
    process.stdout.write(LEAVE);
  }

  #show(): void {
    const { columns = USUAL.columns, rows = USUAL.rows } = process.stdout;
    const lines = this.#paint({ columns, rows, sort: this.#sort });
    process.stdout.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW);
  }

  #key(key: string): void {
    if (key === 'q' || key === CTRL_C) this.#leave();
    const sort = (Object.keys(SORTS) as SortKey[]).find((name) => SORTS[name] === key);
    if (sort === undefined) return;
    this.#sort = sort;
    this.#show();
  }
}
