import type { Cloud } from '../../bench/agent/openstack.ts';
import { Keystone } from '../../src/agent/keystone.ts';
import type { Login } from '../../src/agent/keystone-login.ts';
import { NeutronSource, type NeutronSourceOptions } from '../../src/agent/neutron-source.ts';

/** Never to be seen in a message. */
export const PASSWORD = 'correct horse battery staple';

export const LOGIN: Login = {
  method: 'password',
  user: { name: 'metasteer', domain: { name: 'Default' } },
  password: PASSWORD,
  project: { name: 'service', domain: { name: 'Default' } },
};

export interface Setup {
  readonly keystone: Keystone;
  readonly source: NeutronSource;
  /** What the clock of both says. */
  readonly clock: { ms: number };
  close(): Promise<void>;
}

export function connect(cloud: Cloud, options: Partial<NeutronSourceOptions> = {}): Setup {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  const keystone = new Keystone({ url: cloud.keystone.url, login: LOGIN, now });
  const source = new NeutronSource({ keystone, now, ...options });
  return { keystone, source, clock, close: async () => void (await Promise.all([keystone.close(), source.close()])) };
}

export function never(): AbortSignal {
  return new AbortController().signal;
}
