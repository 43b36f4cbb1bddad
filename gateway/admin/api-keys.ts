/**
 * The part of the API that tells which process has which signing keys, and takes the secret file anew. Keys stand in it by
 * fingerprints, which tell nothing of them. Names no user.
 */
import { type ApiAnswer, type ApiRoute, apiError } from './api.ts';

export interface KeyActions {
  /** Whether the keys come from a file, which can be replaced, and not from the environment. */
  readonly isFile: boolean;
  /** What is wrong with the file; undefined when its keys are in use. */
  problem(): string | undefined;
  /** How long what the present keys sign can be answered. */
  answerableMillis(): number;
  /** Every process; without keys when it does not answer. */
  everywhere(): Promise<
    readonly {
      readonly node: string;
      readonly process: number;
      readonly keys: readonly string[];
      /** When it came to sign with the first, in wall-clock milliseconds. */
      readonly since: number;
    }[]
  >;
  reload(): Promise<
    { readonly kind: 'loaded' | 'unchanged' | 'fixed' } | { readonly kind: 'failed'; readonly problem: string }
  >;
}

export function keyRoutes(keys: KeyActions): readonly ApiRoute[] {
  return [
    { method: 'GET', path: '/api/v1/keys', needsToken: false, handle: () => told(keys) },
    { method: 'POST', path: '/api/v1/keys/reload', needsToken: true, handle: () => reload(keys) },
  ];
}

async function told(keys: KeyActions): Promise<ApiAnswer> {
  const processes = (await keys.everywhere()).map(({ node, process, keys: [signs, ...accepted], since }) =>
    signs === undefined
      ? { node, process, signs: null, accepted: [], since: null }
      : { node, process, signs, accepted, since: new Date(since).toISOString() },
  );
  const json = {
    source: keys.isFile ? 'file' : 'environment',
    problem: keys.problem() ?? null,
    answerableSeconds: keys.answerableMillis() / 1_000,
    processes,
  };
  return { statusCode: 200, json };
}

async function reload(keys: KeyActions): Promise<ApiAnswer> {
  const result = await keys.reload();
  if (result.kind === 'failed') return apiError(422, 'keys-invalid', result.problem);
  if (result.kind === 'fixed') {
    return apiError(409, 'keys-fixed', 'The keys come from SAPGW_SECRET: start the gateway again to change them.');
  }
  return { statusCode: 200, json: { result: result.kind } };
}
