import * as z from 'zod';
import { catalogSchema } from './service-catalog.ts';

/** A text that must not be shown, or where to get it each time it is needed. */
export type Secret = string | (() => string);

export type IdOrName = { readonly id: string } | { readonly name: string };

/** A user or project. Names are only unique within a domain, ids everywhere. */
export type InDomain = { readonly id: string } | { readonly name: string; readonly domain: IdOrName };

export interface PasswordLogin {
  readonly method: 'password';
  readonly user: InDomain;
  readonly password: Secret;
  readonly project: InDomain;
}

/** An application credential belongs to a project already, so none is named. */
export interface ApplicationLogin {
  readonly method: 'application-credential';
  readonly credential: { readonly id: string } | { readonly name: string; readonly user: InDomain };
  readonly secret: Secret;
}

export type Login = PasswordLogin | ApplicationLogin;

/** The body of `POST /v3/auth/tokens`. */
export function loginBody(login: Login): string {
  const auth =
    login.method === 'password'
      ? {
          identity: {
            methods: ['password'],
            password: { user: { ...login.user, password: revealed(login.password) } },
          },
          scope: { project: login.project },
        }
      : {
          identity: {
            methods: ['application_credential'],
            application_credential: { ...login.credential, secret: revealed(login.secret) },
          },
        };
  return JSON.stringify({ auth });
}

/** Whose credentials they are, for messages. */
export function loginName(login: Login): string {
  if (login.method === 'password') return `user ${nameOf(login.user)}`;
  return `application credential ${nameOf(login.credential)}`;
}

/** What of the answer is used. The token itself is in the header X-Subject-Token. */
export const tokenSchema = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    issued_at: z.iso.datetime({ offset: true }).optional(),
    catalog: catalogSchema.default([]),
  }),
});

function revealed(secret: Secret): string {
  return typeof secret === 'string' ? secret : secret();
}

function nameOf(named: { readonly id: string } | { readonly name: string }): string {
  return 'id' in named ? named.id : named.name;
}
