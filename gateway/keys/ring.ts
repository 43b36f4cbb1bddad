/**
 * The keys of one process in use: signatures under tokens, seals over names that are kept, and the keyed hashes by which
 * users, clients and sessions are known. Everybody holds this one object; which keys are in it can change while it is
 * used. The key of the hashes never does, because acceptances and sessions stand under them.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secrets } from '../ports.ts';
import type { KeySet } from './key-file.ts';
import type { KeyStanding } from './standing.ts';

/** 128 bits, 22 characters of base64url. */
const HASH_CHARACTERS = 22;
/** An HMAC takes about 2 µs and the same session is asked for with every message; an entry takes about 200 bytes. */
const REMEMBERED_HASHES = 20_000;

const CIPHER = 'aes-256-gcm';
const SEAL_FORMAT = 1;
/** Of a seal: format, key, nonce, then what is encrypted, then the tag. */
const NONCE_AT = 2;
const NONCE_BYTES = 12;
const TEXT_AT = NONCE_AT + NONCE_BYTES;
const TAG_BYTES = 16;

interface LiveKey {
  readonly text: string;
  readonly signing: KeyObject;
  readonly sealing: KeyObject;
  /** Stands in what the key has sealed, so that mostly one key is tried. */
  readonly mark: number;
  readonly fingerprint: string;
}

export type Adopted = 'unchanged' | 'adopted' | 'other-hash-key';

export class KeyRing implements Secrets, KeyStanding {
  readonly #hash: string;
  readonly #hashing: KeyObject;
  readonly #remembered = new LRUCache<string, string>({ max: REMEMBERED_HASHES });
  /** The first signs. Replaced as a whole, never changed. */
  #live: readonly [LiveKey, ...LiveKey[]];
  #since: number;

  /** @param since when the first key came to sign here, in wall-clock milliseconds */
  constructor(keys: KeySet, since: number) {
    this.#hash = keys.hash;
    this.#hashing = derive(keys.hash, 'sapgw keyed hash');
    this.#live = liveKeys(keys);
    this.#since = since;
  }

  /**
   * Uses these keys from now on. Keys with another hash key change nothing.
   * @param now wall-clock milliseconds: when the first key comes to sign, if another one does until then
   */
  adopt(keys: KeySet, now: number): Adopted {
    if (keys.hash !== this.#hash) return 'other-hash-key';
    const live = liveKeys(keys);
    const isSame = live.length === this.#live.length && live.every(({ text }, at) => text === this.#live[at]?.text);
    if (isSame) return 'unchanged';
    if (live[0].text !== this.#live[0].text) this.#since = now;
    this.#live = live;
    return 'adopted';
  }

  /** The keys themselves: for another process of this machine, and nobody else. */
  keys(): KeySet {
    return { signing: this.#live.map(({ text }) => text), hash: this.#hash };
  }

  fingerprints(): readonly string[] {
    return this.#live.map(({ fingerprint }) => fingerprint);
  }

  since(): number {
    return this.#since;
  }

  keyedHash(purpose: string, ...parts: readonly string[]): string {
    // The length before each part keeps ('ab', 'c') and ('a', 'bc') apart.
    let input = purpose;
    for (const part of parts) input += `\0${part.length}:${part}`;
    const known = this.#remembered.get(input);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.#hashing).update(input).digest('base64url').slice(0, HASH_CHARACTERS);
    // base64url has 22 characters for 128 bits and 4 bits more; those are cut off, so that the hash is 16 whole bytes.
    const whole = Buffer.from(hash, 'base64url').toString('base64url');
    this.#remembered.set(input, whole);
    return whole;
  }

  sign(data: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#live[0].signing).update(data).digest();
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    // Ten bytes are the least that a token may be cut to [X20].
    if (signature.length < 10 || signature.length > 32) return false;
    let valid = false;
    for (const { signing } of this.#live) {
      const whole = createHmac('sha256', signing).update(data).digest();
      // Every key is tried, whichever matches: the time tells nothing.
      valid = timingSafeEqual(whole.subarray(0, signature.length), signature) || valid;
    }
    return valid;
  }

  seal(purpose: string, text: string): Uint8Array {
    const [{ sealing, mark }] = this.#live;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, sealing, nonce).setAAD(Buffer.from(purpose));
    const sealed = [Buffer.of(SEAL_FORMAT, mark), nonce, cipher.update(text, 'utf8'), cipher.final()];
    return new Uint8Array(Buffer.concat([...sealed, cipher.getAuthTag()]));
  }

  unseal(purpose: string, sealed: Uint8Array): string | undefined {
    if (sealed.length < TEXT_AT + TAG_BYTES || sealed[0] !== SEAL_FORMAT) return undefined;
    for (const { sealing, mark } of this.#live) {
      const text = mark === sealed[1] ? opened(sealing, purpose, sealed) : undefined;
      if (text !== undefined) return text;
    }
    return undefined;
  }

  isSealedByCurrent(purpose: string, sealed: Uint8Array): boolean {
    const [current, ...others] = this.#live;
    if (sealed.length < TEXT_AT + TAG_BYTES || sealed[0] !== SEAL_FORMAT) return false;
    if (sealed[1] !== current.mark) return false;
    // One pair of keys in 256 shares its mark.
    return others.every(({ mark }) => mark !== current.mark) || opened(current.sealing, purpose, sealed) !== undefined;
  }

  randomBytes(count: number): Uint8Array {
    return randomBytes(count);
  }
}

/** Eight hexadecimal characters by which people tell keys apart: they tell nothing of the key. */
export function fingerprintOf(key: string): string {
  return derive(key, 'sapgw key fingerprint').export().toString('hex', 0, 4);
}

function liveKeys({ signing: [first, ...others] }: KeySet): readonly [LiveKey, ...LiveKey[]] {
  if (first === undefined) throw new Error('no signing key');
  return [liveKey(first), ...others.map(liveKey)];
}

function liveKey(text: string): LiveKey {
  return {
    text,
    // A key does one job: what it signs can never be taken for what it hashes.
    signing: derive(text, 'sapgw token signature'),
    sealing: derive(text, 'sapgw seal'),
    // One byte of a key of its own: tells keys apart, and nothing about them.
    mark: derive(text, 'sapgw seal mark').export()[0] ?? 0,
    fingerprint: fingerprintOf(text),
  };
}

function opened(key: KeyObject, purpose: string, sealed: Uint8Array): string | undefined {
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(NONCE_AT, TEXT_AT), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(purpose))
    .setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(TEXT_AT, end)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function derive(key: string, job: string): KeyObject {
  return createSecretKey(createHmac('sha256', key).update(job).digest());
}
