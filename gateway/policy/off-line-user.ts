/**
 * Makes the policy that the gateway uses of a file for users who are away that passed every check, defaults put in. What
 * is asked at login becomes a question as before any login: nothing of its answers is remembered or recorded, and whoever
 * cannot be asked, or never answers, gets in [X61].
 */
import { parseSize } from '../yaml/durations.ts';
import { buildApplies, millisOf, textsOf } from './build.ts';
import {
  DEFAULT_AT_MOST_EVERY,
  DEFAULT_KEEP,
  DEFAULT_ORDER,
  DEFAULT_RESEND,
  DEFAULT_STORE_ON,
  DEFAULT_TIMEOUT_MILLIS,
} from './defaults.ts';
import type { OffLinePolicy, OffLineUserPolicy, Ruling } from './model.ts';
import type { OffLineUserFile } from './schema-off-line-user.ts';

const LETS_IN: Ruling = { kind: 'proceed' };

/** The policy of a checked file; throws only when it was not checked. */
export function buildOffLineUserPolicy(file: OffLineUserFile): OffLineUserPolicy {
  const { keep = {}, notify, atLogin } = file;
  const named = {
    id: file.id,
    version: file.version ?? 1,
    order: file.order ?? DEFAULT_ORDER,
    applies: buildApplies(file.applies ?? {}),
  };
  return {
    ...named,
    keep: {
      messages: keep.messages ?? DEFAULT_KEEP.messages,
      bytes: bytesOf(keep.bytes ?? DEFAULT_KEEP.bytes),
      forMillis: millisOf(keep.for ?? DEFAULT_KEEP.for),
    },
    storeOn: new Set(file.storeOn ?? DEFAULT_STORE_ON),
    ...(notify === undefined
      ? {}
      : {
          notify: {
            bearer: notify.bearer,
            text: textsOf(notify.text),
            atMostEveryMillis: millisOf(notify.atMostEvery ?? DEFAULT_AT_MOST_EVERY),
          },
        }),
    ...(atLogin === undefined ? {} : { atLogin: questionOf(named, atLogin) }),
  };
}

function questionOf(
  named: Pick<OffLineUserPolicy, 'id' | 'version' | 'order' | 'applies'>,
  { message, options = [] }: NonNullable<OffLineUserFile['atLogin']>,
): OffLinePolicy {
  return {
    ...named,
    purpose: 'notice',
    message: textsOf(message),
    options: options.map(({ id, text, deny }) => ({
      id,
      text: textsOf(text),
      outcome: deny === undefined ? LETS_IN : { kind: 'deny', texts: textsOf(deny) },
    })),
    requiresResponse: options.length > 0,
    timeoutMillis: DEFAULT_TIMEOUT_MILLIS,
    resend: DEFAULT_RESEND,
    onTimeout: LETS_IN,
    ask: { mode: 'every-login' },
    record: 'none',
    withoutSystemMessages: LETS_IN,
    mode: 'enforce',
  };
}

function bytesOf(size: string | number): number {
  const bytes = parseSize(String(size));
  if (bytes === undefined) throw new Error('policies are built of checked files only');
  return bytes;
}
