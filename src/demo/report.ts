import type { PortStatusDocument, StatusDocument } from '../control/status-document.ts';
import type { InventoryInstance } from './inventory.ts';
import type { Answer, ProcessFacts, RouterReadings } from './probe.ts';

/** Everything the demo saw, in the form `--json` prints. The checks and the account are made from this alone. */
export interface Report {
  readonly tenants: readonly TenantReport[];
  readonly namespace: string;
  readonly supervisor: ProcessFacts;
  readonly workers: readonly ProcessFacts[];
  readonly agent: StatusDocument['agent'];
  readonly novaUrl: string;
}

export interface TenantReport {
  readonly tenant: string;
  readonly expected: Pick<InventoryInstance, 'uuid' | 'name' | 'projectId' | 'ec2Id'>;
  readonly instance: { readonly namespace: string; readonly address: string; readonly mac: string };
  readonly router: { readonly namespace: string; readonly interface: string; readonly mac: string };
  /** Without the daemon: the answers an instance got, and what netfilter saw of it. */
  readonly before: { readonly answers: readonly Answer[]; readonly netfilter: RouterReadings };
  /** With the daemon. */
  readonly after: { readonly answers: readonly Answer[]; readonly netfilter: RouterReadings };
  /** The port as the daemon's status shows it, after all requests; absent when the daemon has none. */
  readonly port?: PortStatusDocument;
}

/** The part of meta_data.json that tells instances apart; undefined when the body is no such document. */
export function parseMetaData(body: string): { uuid: string; name: string; project_id: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return undefined;
    const { uuid, name, project_id } = value as Readonly<Record<string, unknown>>;
    if (typeof uuid !== 'string' || typeof name !== 'string' || typeof project_id !== 'string') return undefined;
    return { uuid, name, project_id };
  } catch {
    return undefined;
  }
}

/** Hits of the REDIRECT rules over all families. */
export function totalHits({ redirectHits }: RouterReadings): number {
  return Object.values(redirectHits).reduce((sum, hits) => sum + hits, 0);
}
