/** packaging/grafana/metasteer.json as Grafana reads it, as far as it is used. */
import { read } from '../tidy/sources.ts';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: 'stat' | 'timeseries' | 'row';
  readonly description?: string;
  /** In columns of 24, and in rows. */
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit: string; readonly custom?: { readonly stacking: { readonly mode: string } } };
  };
  readonly options?: { readonly textMode?: string };
  /** A row has none. */
  readonly targets?: readonly Target[];
}

interface Variable {
  readonly name: string;
  readonly allValue?: string;
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export function readDashboard(): Dashboard {
  return JSON.parse(read('packaging/grafana/metasteer.json')) as Dashboard;
}
