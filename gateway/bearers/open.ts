/** The bearers of a configuration. A file that cannot be read is found at the start, not with the first message. */
import type { BearerConfig, Config } from '../config.ts';
import type { Bearer } from '../mailbox-ports.ts';
import type { Clock } from '../ports.ts';
import { readCredentials } from './credentials.ts';
import { TIMEOUT_MILLIS } from './http-post.ts';
import { openKannel } from './kannel.ts';
import { openSmpp } from './smpp.ts';
import { openWaitingWebhook } from './waiting-webhook.ts';
import { readWebhookKey } from './webhook-key.ts';

export interface BearerParts {
  readonly config: Pick<Config, 'bearers'>;
  readonly clock: Clock;
  /** For one message. */
  readonly timeoutMillis?: number;
}

export type BearersResult =
  | {
      readonly kind: 'open';
      /** By the names that policies use. */
      readonly bearers: ReadonlyMap<string, Bearer>;
      /** Cuts what is under way. */
      close(): Promise<void>;
    }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

export async function openBearers({ config, clock, timeoutMillis }: BearerParts): Promise<BearersResult> {
  const configured = [...config.bearers];
  const found = await Promise.all(configured.map(([, bearer]) => problemsOf(bearer)));
  const problems = [...new Set(found.flat())];
  if (problems.length > 0) return { kind: 'failed', problems };
  const open = (bearer: BearerConfig) => opened(bearer, clock, timeoutMillis ?? TIMEOUT_MILLIS);
  const bearers = new Map(configured.map(([name, bearer]) => [name, open(bearer)]));
  return {
    kind: 'open',
    bearers,
    async close() {
      await Promise.all([...bearers.values()].map((bearer) => bearer.close()));
    },
  };
}

async function problemsOf(bearer: BearerConfig): Promise<readonly string[]> {
  if (bearer.kind === 'webhook') {
    const key = await readWebhookKey(bearer.keyFile);
    return key.kind === 'unusable' ? [key.problem] : [];
  }
  const credentials = await readCredentials(bearer);
  return credentials.kind === 'unusable' ? credentials.problems : [];
}

function opened(bearer: BearerConfig, clock: Clock, timeoutMillis: number): Bearer {
  switch (bearer.kind) {
    case 'kannel':
      return openKannel(bearer, timeoutMillis);
    case 'smpp':
      return openSmpp(bearer, { clock, timeoutMillis });
    case 'webhook':
      return openWaitingWebhook({ url: bearer.url, keyFile: bearer.keyFile, clock, timeoutMillis });
  }
}
