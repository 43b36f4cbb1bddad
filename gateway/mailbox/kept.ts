/** Kept messages with their seals opened, for as long as somebody has to do with them. */
import { LRUCache } from 'lru-cache';
import type { Element } from '../csp/element.ts';
import { type MessageEnvelope, SEALED_AS, type StoredMessage } from '../mailbox-ports.ts';
import { inProportion } from '../shares.ts';
import { readContent, readEnvelope } from '../stored-message/sealed.ts';
import type { MailboxParts } from './parts.ts';

/** A poll looks at the same ones as the poll before; an envelope takes about 2 kB. */
const REMEMBERED = 5_000;

export class Kept {
  readonly #parts: Pick<MailboxParts, 'store' | 'secrets'>;
  readonly #envelopes: LRUCache<string, MessageEnvelope>;

  constructor(parts: Pick<MailboxParts, 'store' | 'secrets' | 'portion'>) {
    this.#parts = parts;
    this.#envelopes = new LRUCache({ max: inProportion(REMEMBERED, parts.portion) });
  }

  /** Undefined when it was sealed by a key that is not live any more, or is damaged. */
  envelope({ id, envelope }: StoredMessage): MessageEnvelope | undefined {
    const known = this.#envelopes.get(id);
    if (known !== undefined) return known;
    const text = this.#parts.secrets.unseal(SEALED_AS.envelope, envelope);
    const read = text === undefined ? undefined : readEnvelope(text);
    if (read !== undefined) this.#envelopes.set(id, read);
    return read;
  }

  async content(id: string): Promise<Element | undefined | 'unreadable'> {
    const sealed = await this.#parts.store.content(id);
    if (sealed === undefined) return undefined;
    const text = this.#parts.secrets.unseal(SEALED_AS.content, sealed);
    return (text === undefined ? undefined : readContent(text)) ?? 'unreadable';
  }

  forget(id: string): void {
    this.#envelopes.delete(id);
  }
}
