/**
 * How commands talk to a running gateway: its admin API, found and entered by the configuration or by options. Whatever
 * goes wrong comes back as a sentence that says what to do next; the token is in none of them.
 */
import { readToken } from '../admin/token.ts';
import { loadConfig } from '../config/load.ts';
import { authority } from '../config.ts';

export interface AdminFlags {
  readonly config?: string;
  /** The admin listener, as a URL or as an address. */
  readonly admin?: string;
  readonly tokenFile?: string;
}

export interface AdminCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly needsToken: boolean;
  readonly body?: unknown;
}

export type AdminAnswer =
  | { readonly kind: 'done'; readonly json: unknown }
  /** The gateway said no, and why. */
  | { readonly kind: 'refused'; readonly message: string; readonly json: unknown }
  /** It was not asked: wrong use or configuration, or nobody there. */
  | { readonly kind: 'not-asked'; readonly messages: readonly string[]; readonly isNobodyThere?: boolean };

const TIMEOUT_MILLIS = 30_000;

/** @param env as `process.env` is */
export async function callAdmin(
  flags: AdminFlags,
  env: Readonly<Record<string, string | undefined>>,
  call: AdminCall,
): Promise<AdminAnswer> {
  const place = placeOf(flags, env);
  if (place.kind === 'not-asked') return place;
  const headers: Record<string, string> = {};
  if (call.needsToken) {
    if (place.tokenFile === undefined) return notAsked(NO_TOKEN);
    const read = await readToken(place.tokenFile);
    if (read.kind === 'unusable') return notAsked(`${read.problem}; --token-file names another`);
    headers.authorization = `Bearer ${read.token}`;
  }
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  try {
    const response = await fetch(new URL(call.path, place.url), {
      method: call.method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MILLIS),
      redirect: 'error',
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    return answerOf(place.url, response.ok, await response.text());
  } catch (error) {
    return { ...notAsked(unreachable(place.url, error)), isNobodyThere: isRefused(error) };
  }
}

const NO_TOKEN =
  'this needs the admin token: name its file with --token-file, or give the configuration with --config whose admin: { tokenFile: FILE } names it';

type Place =
  | { readonly kind: 'place'; readonly url: string; readonly tokenFile: string | undefined }
  | { readonly kind: 'not-asked'; readonly messages: readonly string[] };

function placeOf({ config, admin, tokenFile }: AdminFlags, env: Readonly<Record<string, string | undefined>>): Place {
  const given = admin === undefined ? undefined : urlOf(admin);
  if (admin !== undefined && given === undefined) {
    return notAsked('--admin: must be the URL of the admin listener, such as http://127.0.0.1:8081');
  }
  if (given !== undefined && tokenFile !== undefined) return { kind: 'place', url: given, tokenFile };
  const loaded = loadConfig({ file: config, env, flags: {} });
  if (loaded.kind === 'invalid') return { kind: 'not-asked', messages: loaded.problems };
  const url = given ?? `http://${authority(loaded.config.admin)}`;
  return { kind: 'place', url, tokenFile: tokenFile ?? loaded.config.adminTokenFile };
}

function urlOf(text: string): string | undefined {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? url : undefined;
}

function answerOf(url: string, isDone: boolean, text: string): AdminAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return notAsked(`${url} is not the admin listener of a gateway; --admin names it`);
  }
  if (isDone) return { kind: 'done', json };
  const { error } = json as { readonly error?: { readonly message?: unknown } };
  return { kind: 'refused', message: String(error?.message ?? 'the gateway refused without a reason'), json };
}

interface FetchError {
  readonly name?: string;
  readonly cause?: { readonly code?: unknown };
}

/** Nobody listens there. */
const isRefused = (error: unknown): boolean => (error as FetchError).cause?.code === 'ECONNREFUSED';

function unreachable(url: string, error: unknown): string {
  const { name, cause } = error as FetchError;
  if (isRefused(error)) {
    return `no gateway answers at ${url}; start it with sapgw serve, or name its admin listener with --admin or --config`;
  }
  if (name === 'TimeoutError')
    return `${url} did not answer within ${TIMEOUT_MILLIS / 1000} s; look at the gateway's log`;
  return `${url} cannot be reached (${String(cause?.code ?? name)}); --admin names the admin listener`;
}

const notAsked = (message: string) => ({ kind: 'not-asked', messages: [message] }) as const;
