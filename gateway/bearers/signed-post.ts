/**
 * A call that its receiver can tell to be the gateway's, and to be the same when it comes again: a POST with an id and a
 * signature over its body. One meaning of its answers for all who call.
 */
import { createHmac } from 'node:crypto';
import { isPassing, openPosts } from './http-post.ts';
import { readWebhookKey } from './webhook-key.ts';

export type SignedOutcome =
  | { readonly kind: 'delivered' }
  /** A status; of no use to try again. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A status, a code, or `no-key`. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface SignedPosts {
  /** Never rejects. `id` is the same at every try; `body` is JSON. */
  post(url: string, id: string, body: string): Promise<SignedOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/**
 * @param keyFile read for each call
 * @param timeoutMillis for a whole call
 */
export function openSignedPosts(keyFile: string, timeoutMillis: number): SignedPosts {
  const posts = openPosts(timeoutMillis);
  return {
    async post(url, id, body) {
      const key = await readWebhookKey(keyFile);
      if (key.kind === 'unusable') return { kind: 'failed', reason: 'no-key' };
      const signature = createHmac('sha256', key.key).update(body).digest('hex');
      const outcome = await posts.post(
        url,
        {
          'content-type': 'application/json',
          'idempotency-key': id,
          'x-sapgw-signature': `sha256=${signature}`,
        },
        body,
      );
      if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.code };
      const { status } = outcome;
      if (status >= 200 && status < 300) return { kind: 'delivered' };
      return { kind: isPassing(status) ? 'failed' : 'refused', reason: String(status) };
    },
    close: () => posts.close(),
  };
}
