/**
 * The keys of the gateway: signatures under tokens, seals over names that are kept, and the keyed hashes by which users,
 * clients and sessions are known.
 *
 * A source holds one key a line (SAPGW_SECRET: separated by spaces or commas); lines that begin with # are comments. The
 * first key signs and seals, the second is only verified and unsealed with, so that keys can be rotated: put the new
 * one on top, and remove the old one when the longest policy time-out is over, and the sessions and messages of its
 * time are. Keyed hashes must outlive every rotation, because acceptances and sessions stand under them: their key is
 * the line `hash:KEY`, which a file that the gateway makes always has. Where no such line stands, the last key is the
 * hash key, and rotating it away means keeping it as `hash:KEY`: the hashes stay the same.
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
import { chmodSync, linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { SecretSource } from './config.ts';
import { errorCode } from './error-code.ts';
import type { Secrets } from './ports.ts';

export type SecretsResult =
  /** `warnings` are sentences for the log; they hold no key. */
  | { readonly kind: 'ready'; readonly secrets: Secrets; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly problem: string };

/** Shorter keys could be guessed. */
const MIN_KEY_CHARACTERS = 32;
const MAX_SIGNING_KEYS = 2;
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

interface SealingKey {
  readonly key: KeyObject;
  /** Stands in what the key has sealed, so that mostly one key is tried. */
  readonly mark: number;
}

/** Reads the keys; a file that does not exist is made, with random keys, for its owner alone. */
export function openSecrets(source: SecretSource): SecretsResult {
  if (source.kind === 'keys') return secretsOf(source.text, 'SAPGW_SECRET', []);
  try {
    createIfMissing(source.path);
    const open = (statSync(source.path).mode & 0o077) !== 0;
    const warnings = open ? [`${source.path} can be read by others than its owner; chmod 600 it`] : [];
    return secretsOf(readFileSync(source.path, 'utf8'), source.path, warnings);
  } catch (error) {
    return { kind: 'failed', problem: `${source.path}: cannot be read or made: ${errorCode(error)}` };
  }
}

function secretsOf(text: string, place: string, warnings: readonly string[]): SecretsResult {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.flatMap((line) => line.split(/[\s,]+/)).filter((word) => word !== '');
  const hashKeys = words.filter((word) => word.startsWith('hash:')).map((word) => word.slice(5));
  const signing = words.filter((word) => !word.startsWith('hash:'));
  const failed = (problem: string): SecretsResult => ({ kind: 'failed', problem: `${place}: ${problem}` });
  if (signing.length === 0) return failed('holds no signing key');
  if (signing.length > MAX_SIGNING_KEYS)
    return failed(`holds ${signing.length} signing keys; ${MAX_SIGNING_KEYS} may be live`);
  if (hashKeys.length > 1) return failed('holds more than one hash: key');
  const short = [...signing, ...hashKeys].some((key) => key.length < MIN_KEY_CHARACTERS);
  if (short)
    return failed(
      `holds a key of fewer than ${MIN_KEY_CHARACTERS} characters; \`openssl rand -hex 32\` makes a good one`,
    );
  const hashKey = hashKeys[0] ?? signing.at(-1) ?? '';
  return { kind: 'ready', secrets: new KeyedSecrets(signing, hashKey), warnings };
}

/** Several processes may start at once: the file appears whole or not at all, and the first one wins. */
function createIfMissing(path: string): void {
  try {
    statSync(path);
    return;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const text = [
    '# Keys of the gateway. The first line signs; a second one is still accepted, so that keys can be rotated.',
    '# The hash: line names users in stores and logs: without it every acceptance and session is lost.',
    randomBytes(32).toString('hex'),
    `hash:${randomBytes(32).toString('hex')}`,
    '',
  ].join('\n');
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    chmodSync(temporary, 0o600);
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
}

class KeyedSecrets implements Secrets {
  readonly #signing: readonly KeyObject[];
  readonly #sealing: readonly SealingKey[];
  readonly #hashing: KeyObject;
  readonly #remembered = new LRUCache<string, string>({ max: REMEMBERED_HASHES });

  constructor(signing: readonly string[], hashKey: string) {
    // A key does one job: what it signs can never be taken for what it hashes.
    this.#signing = signing.map((key) => derive(key, 'sapgw token signature'));
    this.#sealing = signing.map((key) => ({ key: derive(key, 'sapgw seal'), mark: markOf(key) }));
    this.#hashing = derive(hashKey, 'sapgw keyed hash');
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
    const [key] = this.#signing;
    if (key === undefined) throw new Error('no signing key');
    return createHmac('sha256', key).update(data).digest();
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    // Ten bytes are the least that a token may be cut to [X20].
    if (signature.length < 10 || signature.length > 32) return false;
    let valid = false;
    for (const key of this.#signing) {
      const whole = createHmac('sha256', key).update(data).digest();
      // Every key is tried, whichever matches: the time tells nothing.
      valid = timingSafeEqual(whole.subarray(0, signature.length), signature) || valid;
    }
    return valid;
  }

  seal(purpose: string, text: string): Uint8Array {
    const [sealing] = this.#sealing;
    if (sealing === undefined) throw new Error('no sealing key');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, sealing.key, nonce).setAAD(Buffer.from(purpose));
    const sealed = [Buffer.of(SEAL_FORMAT, sealing.mark), nonce, cipher.update(text, 'utf8'), cipher.final()];
    return new Uint8Array(Buffer.concat([...sealed, cipher.getAuthTag()]));
  }

  unseal(purpose: string, sealed: Uint8Array): string | undefined {
    if (sealed.length < TEXT_AT + TAG_BYTES || sealed[0] !== SEAL_FORMAT) return undefined;
    for (const { key, mark } of this.#sealing) {
      const text = mark === sealed[1] ? opened(key, purpose, sealed) : undefined;
      if (text !== undefined) return text;
    }
    return undefined;
  }

  isSealedByCurrent(purpose: string, sealed: Uint8Array): boolean {
    const [current, ...others] = this.#sealing;
    if (current === undefined || sealed.length < TEXT_AT + TAG_BYTES || sealed[0] !== SEAL_FORMAT) return false;
    if (sealed[1] !== current.mark) return false;
    // One pair of keys in 256 shares its mark.
    return others.every(({ mark }) => mark !== current.mark) || opened(current.key, purpose, sealed) !== undefined;
  }

  randomBytes(count: number): Uint8Array {
    return randomBytes(count);
  }
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

/** One byte of a key of its own: tells keys apart, and nothing about them. */
function markOf(key: string): number {
  return derive(key, 'sapgw seal mark').export()[0] ?? 0;
}

function derive(key: string, job: string): KeyObject {
  return createSecretKey(createHmac('sha256', key).update(job).digest());
}
