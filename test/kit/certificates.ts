import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a certificate and its key, both PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority that signs itself, in files of a folder. */
export function makeAuthority(folder: string, name: string): Pair {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  openssl('req', '-x509', ...newKey(pair.key), '-days', '2', '-subj', `/CN=${name}`, '-out', pair.cert);
  return pair;
}

/** Makes a certificate for 127.0.0.1, signed by an authority; also good as a client's. */
export function makeCertificate(folder: string, name: string, authority: Pair): Pair {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
  openssl('req', '-new', ...newKey(pair.key), '-subj', `/CN=${name}`, '-out', request);
  writeFileSync(extensions, 'subjectAltName = IP:127.0.0.1\n');
  const signing = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...signing, '-days', '2', '-extfile', extensions, '-out', pair.cert);
  return pair;
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
