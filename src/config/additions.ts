import type { ConfigDocument } from './document.ts';
import type { Place } from './problems.ts';

/** A key outside every section, or one of a section. */
export type KeyPath = readonly [string] | readonly [string, string];

/** A configuration with further values, each of which knows where it is from. */
export class Additions {
  readonly #values: Record<string, unknown>;
  readonly #places = new Map<string, Place>();
  readonly #own: ConfigDocument;

  constructor(own: ConfigDocument) {
    this.#own = own;
    this.#values = { ...own.values };
  }

  get document(): ConfigDocument {
    return {
      values: this.#values,
      keyPlace: (path) => this.placeOf(path) ?? this.#own.keyPlace(path),
      valuePlace: (path) => this.placeOf(path) ?? this.#own.valuePlace(path),
    };
  }

  /** Where an added value is from; undefined for one of the configuration itself. */
  placeOf(path: readonly PropertyKey[]): Place | undefined {
    return this.#places.get(path.slice(0, 2).join('.')) ?? this.#places.get(String(path[0]));
  }

  /** Sets a value that the configuration does not set itself. */
  fill(path: KeyPath, value: unknown, place: Place): void {
    const [first, second] = path;
    const section = this.#values[first];
    const isSet = second === undefined ? section !== undefined : isMapping(section) && second in section;
    if (!isSet) this.override(path, value, place);
  }

  /** Sets a value, whatever the configuration says. */
  override([first, second]: KeyPath, value: unknown, place: Place): void {
    const section = this.#values[first];
    if (second === undefined) {
      this.#values[first] = value;
    } else {
      // What is no mapping is a mistake that the schema reports.
      if (section !== undefined && !isMapping(section)) return;
      this.#values[first] = { ...section, [second]: value };
    }
    this.#places.set(second === undefined ? first : `${first}.${second}`, place);
  }
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
