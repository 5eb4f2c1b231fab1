import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { MetasteerError, messageOf } from '../errors.ts';

/** How a server's certificate is checked and which one is shown to it: paths of PEM files. */
export interface TlsOptions {
  /** Certificates to trust, in the place of those Node comes with. */
  readonly caFile?: string;
  readonly clientCert?: string;
  /** Default: the key is in the file `clientCert`. */
  readonly clientKey?: string;
  /** Accept any certificate of the server. */
  readonly insecure?: boolean;
}

/** The same as node:tls and undici take it. */
export interface TlsConnectionOptions {
  rejectUnauthorized: boolean;
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Reads the files of TLS options and checks that they are what they should be.
 *
 * @throws {MetasteerError} `tls-files`, with the path but never a word of the content
 */
export function connectionOptionsOf(tls: TlsOptions): TlsConnectionOptions {
  const { caFile, clientCert, clientKey, insecure = false } = tls;
  if (clientKey !== undefined && clientCert === undefined) {
    throw new MetasteerError('tls-files', `the key ${clientKey} has no certificate beside it`);
  }
  const options: TlsConnectionOptions = { rejectUnauthorized: !insecure };
  if (caFile !== undefined) options.ca = certificateIn(caFile);
  if (clientCert !== undefined) {
    options.cert = certificateIn(clientCert);
    options.key = clientKey === undefined ? options.cert : textOf(clientKey);
  }
  try {
    createSecureContext(options);
  } catch (error) {
    const files = [caFile, clientCert, clientKey].filter((file) => file !== undefined);
    throw new MetasteerError('tls-files', `${files.join(', ')}: ${messageOf(error)}`, { cause: error });
  }
  return options;
}

/** OpenSSL takes a file without a certificate for an empty list, so that nothing would be trusted and nothing said. */
function certificateIn(path: string): string {
  const text = textOf(path);
  try {
    new X509Certificate(text);
  } catch (error) {
    throw new MetasteerError('tls-files', `${path} is no certificate in PEM form`, { cause: error });
  }
  return text;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MetasteerError('tls-files', `cannot read a file of TLS: ${messageOf(error)}`, { cause: error });
  }
}
