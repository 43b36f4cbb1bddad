/**
 * What goes from node to node: plain data in Node's serialization, in an envelope of sender, receiver and number, sealed as a
 * whole. Who has no key of this gateway can neither read a frame nor make one, and what cannot be opened is dropped and counted.
 */
import { deserialize, serialize } from 'node:v8';
import type { Secrets } from '../ports.ts';

/** To everybody. */
export const ALL = 'all';

export interface Frame {
  /** A node's id. */
  readonly from: string;
  /** A node's id, or {@link ALL}. */
  readonly to: string;
  /** From 1, without a gap for each pair of sender and receiver: a number that is missing is a word that is lost. */
  readonly number: number;
  readonly message: unknown;
}

/** Why a frame was dropped. `repeated`: it was heard before. */
export type DropReason = 'too-large' | 'unsealed' | 'malformed' | 'misdirected' | 'repeated';

export type Opened =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

/** More than any question between nodes holds: a page of a mailbox with its contents. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Four characters for three bytes, and what a seal adds. */
const MAX_SEALED_BYTES = Math.ceil((MAX_BYTES * 4) / 3) + 64;
const PURPOSE = 'nodes';

/** A message is too large for a frame. */
export class FrameTooLarge extends Error {
  readonly code = 'EMSGSIZE';
}

/** @throws FrameTooLarge above 16 MiB; Node's own error for what cannot be serialized */
export function sealFrame(secrets: Secrets, { from, to, number, message }: Frame): Uint8Array {
  const bytes = serialize([from, to, number, message]);
  if (bytes.length > MAX_BYTES) throw new FrameTooLarge('a message between nodes is too large');
  return secrets.seal(PURPOSE, bytes.toString('base64'));
}

export function openFrame(secrets: Secrets, sealed: Uint8Array): Opened {
  if (sealed.length > MAX_SEALED_BYTES) return dropped('too-large');
  const text = secrets.unseal(PURPOSE, sealed);
  if (text === undefined) return dropped('unsealed');
  try {
    const fields: unknown = deserialize(Buffer.from(text, 'base64'));
    if (!Array.isArray(fields) || fields.length !== 4) return dropped('malformed');
    const [from, to, number, message]: unknown[] = fields;
    if (typeof from !== 'string' || typeof to !== 'string' || typeof number !== 'number') return dropped('malformed');
    return { kind: 'frame', frame: { from, to, number, message } };
  } catch {
    return dropped('malformed');
  }
}

function dropped(reason: DropReason): Opened {
  return { kind: 'dropped', reason };
}
