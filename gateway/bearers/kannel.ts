/**
 * Text messages by the `sendsms` interface of Kannel, and of what speaks like it. User name, password and number go in headers
 * and the text as the body, because what stands in a URL ends up in logs. 202 is the only answer that means accepted.
 */
import type { SmsBearerConfig } from '../config.ts';
import type { Bearer, BearerOutcome } from '../mailbox-ports.ts';
import { alphabetOf } from '../policy/sms-alphabet.ts';
import { asOctets, readCredentials } from './credentials.ts';
import { isPassing, openPosts } from './http-post.ts';

const ACCEPTED = 202;
/** X-Kannel-Coding: the default alphabet of GSM 03.38, or UCS-2. */
const CODING = { gsm: '0', ucs2: '2' };

/** @param timeoutMillis for a whole call */
export function openKannel(config: SmsBearerConfig, timeoutMillis: number): Bearer {
  const posts = openPosts(timeoutMillis);
  return {
    async send({ number, text }): Promise<BearerOutcome> {
      if (number === undefined) return { kind: 'refused', failure: 'no-number' };
      const credentials = await readCredentials(config);
      if (credentials.kind === 'unusable') return { kind: 'try-again', failure: 'no-credentials' };
      const outcome = await posts.post(
        config.url,
        {
          'content-type': 'text/plain; charset=UTF-8',
          'x-kannel-username': asOctets(credentials.user),
          'x-kannel-password': asOctets(credentials.password),
          'x-kannel-to': number,
          'x-kannel-coding': CODING[alphabetOf(text)],
          ...(config.from === undefined ? {} : { 'x-kannel-from': config.from }),
        },
        text,
      );
      if (outcome.kind === 'failed') {
        const { code: failure, mayHaveArrived } = outcome;
        return { kind: 'try-again', failure, ...(mayHaveArrived ? { mayHaveSent: true } : {}) };
      }
      const { status } = outcome;
      if (status === ACCEPTED) return { kind: 'sent' };
      return isPassing(status)
        ? { kind: 'try-again', failure: `answered-${status}` }
        : { kind: 'refused', failure: `refused-${status}` };
    },
    close: () => posts.close(),
  };
}
