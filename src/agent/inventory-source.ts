import { MetasteerError, messageOf } from '../errors.ts';
import { FileWatch, versionOf } from './file-watch.ts';
import { type Inventory, parseInventory } from './inventory.ts';
import { readInventoryFile } from './inventory-file.ts';
import { InventoryIndex } from './inventory-index.ts';
import type { Asker, Instance, InstanceSource } from './source.ts';

export interface InventorySourceOptions {
  readonly file: string;
  /** Called with each new version of the file that is in use. */
  readonly onChange?: (inventory: Inventory) => void;
  /** Called when a new version of the file cannot be used; the last good one stays in use. */
  readonly onProblem?: (problem: MetasteerError) => void;
  /** How often the file is looked at without being told of a change. Default 5 s. */
  readonly rescanMs?: number;
}

const RESCAN_MS = 5000;

/** Instances from an inventory file, which may change at any time. */
export class InventorySource implements InstanceSource {
  readonly #options: InventorySourceOptions;
  readonly #watch: FileWatch;
  #inventory: Inventory;
  #index: InventoryIndex;
  #problem: MetasteerError | undefined;

  private constructor(options: InventorySourceOptions, inventory: Inventory, version: string) {
    this.#options = options;
    this.#inventory = inventory;
    this.#index = new InventoryIndex(inventory);
    this.#watch = new FileWatch(options.file, version, options.rescanMs ?? RESCAN_MS, () => this.#reload());
  }

  /**
   * Reads the file and begins to watch it.
   *
   * @throws {MetasteerError} `inventory-unreadable` or `inventory-invalid`
   */
  static async open(options: InventorySourceOptions): Promise<InventorySource> {
    const { file } = options;
    const version = await versionOf(file);
    return new InventorySource(options, parseInventory(await readInventoryFile(file), file), version);
  }

  /** What is in use. */
  get inventory(): Inventory {
    return this.#inventory;
  }

  /** Why the file as it is now is not in use; undefined when it is. */
  get problem(): MetasteerError | undefined {
    return this.#problem;
  }

  async find(asker: Asker): Promise<readonly Instance[]> {
    return this.#index.find(asker);
  }

  async close(): Promise<void> {
    this.#watch.close();
  }

  async #reload(): Promise<void> {
    const { file, onChange, onProblem } = this.#options;
    try {
      const inventory = parseInventory(await readInventoryFile(file), file);
      this.#index = new InventoryIndex(inventory);
      this.#inventory = inventory;
      this.#problem = undefined;
    } catch (error) {
      this.#problem =
        error instanceof MetasteerError ? error : new MetasteerError('inventory-invalid', messageOf(error));
      onProblem?.(this.#problem);
      return;
    }
    onChange?.(this.#inventory);
  }
}
