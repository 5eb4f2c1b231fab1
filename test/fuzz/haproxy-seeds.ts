import { CONFIGURATIONS } from '../native/haproxy-confs.ts';

/** Files of Neutron's, and some that are nearly such. */
export function* haproxySeeds(): Generator<readonly [string, Uint8Array]> {
  for (const [name, text] of Object.entries(CONFIGURATIONS)) {
    yield [name, Buffer.from(text)];
    yield [`${name}-zero`, Buffer.from(`${text.trimEnd()}\0 and more`)];
    yield [`${name}-long`, Buffer.from(text.replace('mode http', `mode http${' '.repeat(9000)}`))];
    yield [`${name}-words`, Buffer.from(text.replace('mode http', 'mode http '.repeat(16)))];
    yield [`${name}-latin`, Buffer.from(text.replace('retries 3', 'retries \u00b3'), 'latin1')];
    yield [`${name}-path`, Buffer.from(text.replace('pidfile /', `pidfile /${'a'.repeat(4096)}`))];
  }
}
