/**
 * Tells a server of the operator's that a user has chosen an option [policy-files §3]: one signed POST, of which the receiver
 * knows by its id when it comes again. Only URLs that the configuration allows are called, redirections are not followed, and
 * neither is anybody waited for long. Trying again is the desk's matter.
 */
import type { WebhookCall, WebhookOutcome } from '../desk/parts.ts';
import { isAllowedWebhook } from '../policy/webhooks.ts';
import type { Log } from '../ports.ts';
import { TIMEOUT_MILLIS } from './http-post.ts';
import { openSignedPosts } from './signed-post.ts';

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

export function openWebhooks(parts: WebhookParts): Webhooks {
  const { allow, keyFile, metrics, log, timeoutMillis = TIMEOUT_MILLIS } = parts;
  const posts = openSignedPosts(keyFile, timeoutMillis);
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
      const outcome = await posts.post(call.url, call.id, bodyOf(call));
      if (outcome.kind === 'delivered') return delivered(call);
      return (outcome.kind === 'refused' ? refused : failed)(call, outcome.reason);
    },
    close: () => posts.close(),
  };
}

/** No name and no text: what was chosen, of which policy, by whom as a keyed hash. */
function bodyOf({ id, policy, version, option, vasp, user, at }: WebhookCall): string {
  const event = 'system-message.answered';
  return JSON.stringify({ id, event, policy, version, option, vasp, user, at: new Date(at).toISOString() });
}
