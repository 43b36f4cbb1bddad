/**
 * The definitions of policies that messages were made under, each once in the store under its hash, so that a message goes
 * on as it was meant when the policy is changed or removed, or the gateway starts again [policy-files §6].
 */
import type { OnLinePolicy } from '../policy/model.ts';
import { readOnLinePolicy } from '../policy/on-line.ts';
import type { NoteStore, Secrets } from '../ports.ts';

const NOTE = 'on-line-policy/';

export class Definitions {
  readonly #notes: NoteStore;
  readonly #secrets: Secrets;
  readonly #known = new Map<string, OnLinePolicy>();
  readonly #hashes = new WeakMap<OnLinePolicy, string>();

  constructor(notes: NoteStore, secrets: Secrets) {
    this.#notes = notes;
    this.#secrets = secrets;
  }

  /** The hash of a policy's definition, kept from now on; durable when resolved. */
  async keep(policy: OnLinePolicy): Promise<string> {
    const hash = this.#hashOf(policy);
    if (this.#known.has(hash)) return hash;
    if ((await this.#notes.get(NOTE + hash)) === undefined) await this.#notes.put(NOTE + hash, policy.definition);
    this.#known.set(hash, policy);
    return hash;
  }

  /** Undefined when it is not there, or cannot be read by this version. */
  async find(hash: string): Promise<OnLinePolicy | undefined> {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const definition = await this.#notes.get(NOTE + hash);
    const policy = definition === undefined ? undefined : readOnLinePolicy(definition);
    if (policy !== undefined) this.#known.set(hash, policy);
    return policy;
  }

  #hashOf(policy: OnLinePolicy): string {
    const known = this.#hashes.get(policy);
    if (known !== undefined) return known;
    const hash = this.#secrets.keyedHash('on-line-policy', policy.definition);
    this.#hashes.set(policy, hash);
    return hash;
  }
}
