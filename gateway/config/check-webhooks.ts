/** What must hold of webhooks: whoever is called has to be able to tell that it is the gateway. */
import type { Finding } from '../yaml/shape.ts';
import type { WrittenConfig } from './schema.ts';

/** Calls are signed, so there has to be a key. */
export function checkWebhooks({ webhooks }: WrittenConfig): Finding[] {
  if (webhooks.allow.length === 0 || webhooks.keyFile !== undefined) return [];
  const message = 'calls are signed, and there is no key; put keyFile: FILE beside it';
  return [{ path: ['webhooks', 'allow'], at: 'key', message }];
}
