import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How long a file must have stayed as it is before it is taken for complete. */
const SETTLED_MS = 100;

/** What tells one version of a file from the next without reading it: also says so where there is no file. */
export async function versionOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return `none: ${error instanceof Error && 'code' in error ? String(error.code) : ''}`;
  }
}

/**
 * Watches one file by its directory, because editors and configuration tools replace a file rather than write into it, and
 * looks from time to time, because not every file system tells of changes.
 */
export class FileWatch {
  readonly #path: string;
  readonly #onChange: () => Promise<void>;
  readonly #rescan: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #known: string;
  /** A version that is not reported yet, because it may not be complete. */
  #settling: string | undefined;
  #looking = false;
  #closed = false;

  /**
   * @param known the version that is in use, taken before it was read
   * @param onChange called when the file has become another or none, one call at a time
   */
  constructor(path: string, known: string, rescanMs: number, onChange: () => Promise<void>) {
    this.#path = path;
    this.#known = known;
    this.#onChange = onChange;
    this.#watchDirectory();
    this.#rescan = setInterval(() => {
      this.#watchDirectory();
      this.#lookSoon();
    }, rescanMs).unref();
    // The file may have changed since it was read.
    this.#lookSoon();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#rescan);
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /** A directory that cannot be watched is looked at like one that tells nothing. */
  #watchDirectory(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, () => this.#lookSoon());
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  #lookSoon(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Another look is under way and takes long: it is looked again after it.
      if (this.#looking) this.#lookSoon();
      else void this.#look();
    }, SETTLED_MS).unref();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const version = await versionOf(this.#path);
    if (version === this.#known) {
      this.#settling = undefined;
    } else if (version === this.#settling) {
      this.#settling = undefined;
      this.#known = version;
      if (!this.#closed) await this.#onChange();
    } else {
      this.#settling = version;
      this.#lookSoon();
    }
    this.#looking = false;
  }
}
