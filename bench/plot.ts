/** What a case wants drawn on the report's page, in words of the measurement: bench/html/ knows how it is drawn. */

/** Whose figure it is: the same colour, dash and hatching on every plot. */
export type Who = 'haproxy' | 'metasteer' | 'other';

export interface Axis {
  /** With its unit, as in `latency, ms`. */
  readonly name: string;
  /** Linear, from 0, unless given. What is not positive is left out of a logarithmic one. */
  readonly scale?: 'linear' | 'log';
  readonly min?: number;
  readonly max?: number;
  /** Text of a tick; the number with a few digits unless given. */
  readonly tick?: (value: number) => string;
}

/** A line across the plot, such as a bar's limit. */
export interface Mark {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly name: string;
}

export interface LineSeries {
  readonly name: string;
  readonly who: Who;
  /** Tells lines of the same contender apart: each has another dash and symbol. */
  readonly variant?: number;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** What is not measured but calculated: thin, with dots and without symbols, and in no legend. */
  readonly isCalculated?: true;
}

export interface LinePlot {
  readonly kind: 'lines';
  /** What is seen. */
  readonly title: string;
  /** How to read it, or what is not in it. */
  readonly note?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  readonly marks?: readonly Mark[];
}

export interface BarSeries {
  readonly name: string;
  readonly who: Who;
  /** Of a stack or of several series of one contender: each is paler than the one before. */
  readonly variant?: number;
  /** Series with the same stack are put on each other. */
  readonly stack?: string;
  /** One per category; undefined where nothing was measured. */
  readonly values: readonly (number | undefined)[];
  /** Smallest and largest, drawn as whiskers. */
  readonly spread?: readonly (readonly [low: number, high: number] | undefined)[];
}

export interface BarPlot {
  readonly kind: 'bars';
  readonly title: string;
  readonly note?: string;
  readonly categories: readonly string[];
  /** Of the values. Bars lie where categories have long names, and stand where not. */
  readonly values: Axis;
  readonly lying?: true;
  readonly series: readonly BarSeries[];
  /** At values; its `axis` is `y`, also where bars lie. */
  readonly marks?: readonly Mark[];
}

export type Plot = LinePlot | BarPlot;
