/** Where an API is: the origin, and the path before its version. */
export interface ApiBase {
  readonly origin: string;
  /** Empty, or with a slash in front and none at the end. */
  readonly path: string;
}

/**
 * Takes an endpoint's URL apart. Operators and catalogues write it with or without the version at its end.
 *
 * @throws {TypeError} when it is not a URL of HTTP, or holds a password, query or fragment
 */
export function apiBase(url: string, version: string): ApiBase {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) throw new TypeError('not a URL of http or https');
  const parsed = new URL(url);
  const { username, password, search, hash } = parsed;
  if (username || password || search || hash) {
    throw new TypeError('a URL of an API has neither user, password, query nor fragment');
  }
  const path = parsed.pathname.replace(/\/+$/, '');
  return { origin: parsed.origin, path: path.endsWith(`/${version}`) ? path.slice(0, -version.length - 1) : path };
}
