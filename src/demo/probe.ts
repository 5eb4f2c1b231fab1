import { readFileSync } from 'node:fs';
import { runCommand } from './command.ts';
import type { Namespace } from './namespace.ts';
import { type Family, redirectHits } from './neutron-rules.ts';
import type { Instance } from './topology.ts';

/** What an instance got for one request. */
export interface Answer {
  readonly family: Family;
  readonly url: string;
  /** 0 when there was no answer at all. */
  readonly status: number;
  readonly body: string;
  /** What curl says about it; empty when it has an answer. */
  readonly error: string;
}

/** What a router's netfilter has seen. */
export interface RouterReadings {
  readonly conntrackEntries: number;
  readonly redirectHits: Readonly<Partial<Record<Family, number>>>;
}

/** A process as the kernel describes it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly uid: number;
  readonly user: string;
  /** Effective capabilities; 0n is none. As text because JSON has no such numbers. */
  readonly capabilities: string;
  readonly noNewPrivileges: boolean;
  readonly namespace: string;
  /** Memory that is its own, with its share of what it shares with others (PSS). */
  readonly memoryBytes: number;
}

const PATHS = ['openstack/latest/meta_data.json', 'latest/meta-data/instance-id'] as const;
export type MetadataPath = (typeof PATHS)[number];

const CURL_MAX_SECONDS = 5;

export function metadataUrl(family: Family, path: MetadataPath): string {
  // In a URL the zone's % is written %25 (RFC 6874 section 2).
  return family === 'IPv4' ? `http://169.254.169.254/${path}` : `http://[fe80::a9fe:a9fe%25eth0]/${path}`;
}

/** The curl command for a request from an instance, as one would type it. */
export function curlArguments(url: string): readonly string[] {
  return ['-sS', '-g', '--max-time', String(CURL_MAX_SECONDS), url];
}

/** Asks for both documents over each family given, one after the other, with the real curl from inside the instance. */
export async function askMetadata(instance: Instance, families: readonly Family[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const family of families) {
    for (const path of PATHS) answers.push(await ask(instance.namespace, family, metadataUrl(family, path)));
  }
  return answers;
}

async function ask(namespace: Namespace, family: Family, url: string): Promise<Answer> {
  // No ~/.curlrc (-q must come first) and no proxy: nothing but the path under test may answer.
  const ours = ['-q', '--noproxy', '*', '-w', '\n%{http_code}'];
  const { status, stdout, stderr } = await namespace.try('curl', [...ours, ...curlArguments(url)]);
  const end = stdout.lastIndexOf('\n');
  return {
    family,
    url,
    status: status === 0 ? Number(stdout.slice(end + 1)) : 0,
    body: end === -1 ? '' : stdout.slice(0, end),
    error: status === 0 ? '' : stderr.trim(),
  };
}

/** Reads what conntrack and the REDIRECT rules of a router hold. */
export async function readRouter(router: Namespace, families: readonly Family[]): Promise<RouterReadings> {
  const hits: Partial<Record<Family, number>> = {};
  for (const family of families) hits[family] = await redirectHits(router, family);
  return { conntrackEntries: await conntrackEntries(router), redirectHits: hits };
}

/** Entries of the namespace's connection tracking table, also where the conntrack tool is not installed. */
async function conntrackEntries(router: Namespace): Promise<number> {
  const tool = await router.try('conntrack', ['-C']);
  if (tool.status === 0) return Number(tool.stdout);
  return Number(await router.run('cat', ['/proc/sys/net/netfilter/nf_conntrack_count']));
}

/** Reads /proc (proc(5)) of a process. */
export async function readProcess(pid: number): Promise<ProcessFacts> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
  const uid = Number(field('Uid'));
  const memory = /^Pss:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return {
    pid,
    uid,
    user: userName(uid),
    capabilities: field('CapEff'),
    noNewPrivileges: field('NoNewPrivs') === '1',
    namespace: (await runCommand('ip', ['netns', 'identify', String(pid)])).trim(),
    memoryBytes: Number(memory ?? 0) * 1024,
  };
}

function userName(uid: number): string {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  return users.map((line) => line.split(':')).find((fields) => fields[2] === String(uid))?.[0] ?? String(uid);
}
