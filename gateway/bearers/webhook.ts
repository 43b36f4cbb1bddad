/**
 * Tells a server of the operator's that a user has chosen an option [policy-files §3]: one signed POST, of which the receiver
 * knows by its id when it comes again. Only URLs that the configuration allows are called, redirections are not followed, and
 * neither is anybody waited for long. Trying again is the desk's matter.
 */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';
import type { WebhookCall, WebhookOutcome } from '../desk/parts.ts';
import { errorCode } from '../error-code.ts';
import { isAllowedWebhook } from '../policy/webhooks.ts';
import type { Log } from '../ports.ts';
import { readWebhookKey } from './webhook-key.ts';

export interface WebhookParts {
  /** URLs below which something may be called. */
  readonly allow: readonly string[];
  readonly keyFile: string;
  readonly metrics: { webhook(result: 'delivered' | 'refused' | 'failed'): void };
  readonly log: Log;
  /** For a whole call. */
  readonly timeoutMillis?: number;
}

export interface Webhooks {
  /** Never rejects. `refused`: it is of no use to try again. */
  call(call: WebhookCall): Promise<WebhookOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

const TIMEOUT_MILLIS = 5_000;
/** To one server. */
const CONNECTIONS = 16;
/** Of an answer's body, which says nothing that anybody reads; more of it closes the connection. */
const ANSWER_BYTES = 16_384;
/** Answers below 500 that say nothing about the call itself: too slow, too early, too many. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

export function openWebhooks(parts: WebhookParts): Webhooks {
  const { allow, keyFile, metrics, log, timeoutMillis = TIMEOUT_MILLIS } = parts;
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { timeout: timeoutMillis },
    headersTimeout: timeoutMillis,
    bodyTimeout: timeoutMillis,
  });
  /** Policies whose calls fail: told when it begins. */
  const failing = new Set<string>();

  const delivered = ({ policy }: WebhookCall): WebhookOutcome => {
    failing.delete(policy);
    metrics.webhook('delivered');
    return 'delivered';
  };
  const refused = ({ policy, version, id }: WebhookCall, reason: string): WebhookOutcome => {
    log.warn('a webhook was refused', { policy, version, call: id, reason });
    metrics.webhook('refused');
    return 'refused';
  };
  const failed = ({ policy, version }: WebhookCall, reason: string): WebhookOutcome => {
    if (!failing.has(policy)) log.warn('a webhook fails, it is tried again', { policy, version, reason });
    failing.add(policy);
    metrics.webhook('failed');
    return 'try-again';
  };

  return {
    async call(call) {
      // The policy may be older than what is allowed now.
      if (!isAllowedWebhook(call.url, allow)) return refused(call, 'not-allowed');
      const key = await readWebhookKey(keyFile);
      if (key.kind === 'unusable') return failed(call, 'no-key');
      const body = bodyOf(call);
      try {
        const answer = await request(call.url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'idempotency-key': call.id,
            'x-sapgw-signature': `sha256=${createHmac('sha256', key.key).update(body).digest('hex')}`,
            'user-agent': 'sapgw',
          },
          body,
          signal: AbortSignal.timeout(timeoutMillis),
        });
        // The status is all that counts: what comes behind it may be broken.
        void answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
        const { statusCode } = answer;
        if (statusCode >= 200 && statusCode < 300) return delivered(call);
        const isPassing = statusCode >= 500 || TRY_AGAIN.has(statusCode);
        return (isPassing ? failed : refused)(call, String(statusCode));
      } catch (error) {
        return failed(call, errorCode(error));
      }
    },
    close: () => agent.destroy(),
  };
}

/** No name and no text: what was chosen, of which policy, by whom as a keyed hash. */
function bodyOf({ id, policy, version, option, vasp, user, at }: WebhookCall): string {
  const event = 'system-message.answered';
  return JSON.stringify({ id, event, policy, version, option, vasp, user, at: new Date(at).toISOString() });
}
