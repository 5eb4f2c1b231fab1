const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Keystone's ids have 64 characters at most; what matters here is that they are safe in a header. */
const PROJECT = /^[\x21-\x7e]{1,255}$/;

/** Reads an instance's UUID as nova has it, in lower case; undefined when it is not one. */
export function parseInstanceId(text: string): string | undefined {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : undefined;
}

/** Whether a text can be a project's id: it goes into the header X-Tenant-ID (contract.md 2.5). */
export function isProjectId(text: string): boolean {
  return PROJECT.test(text);
}
