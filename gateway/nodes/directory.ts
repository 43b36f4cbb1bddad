/**
 * Which node holds which share, as one node knows it: by what the others tell, and by a look at the leases now and then. What
 * was told after a look began counts more than what the look saw.
 */
import { ALL_SHARES } from '../shares.ts';

export class Directory {
  readonly #holders: (string | undefined)[] = ALL_SHARES.map(() => undefined);
  /** Rises with each thing that is learned of a share. */
  readonly #ages: number[] = ALL_SHARES.map(() => 0);
  readonly #listeners: ((share: number) => void)[] = [];

  holder(share: number): string | undefined {
    return this.#holders[share];
  }

  onMoved(listener: (share: number) => void): void {
    this.#listeners.push(listener);
  }

  /** To be handed to {@link seen} with what a look that begins now sees. */
  age(share: number): number {
    return this.#ages[share] ?? 0;
  }

  held(share: number, node: string): void {
    this.#ages[share] = this.age(share) + 1;
    this.#set(share, node);
  }

  /** This node holds it no longer; who else does is not known. */
  freed(share: number, node: string): void {
    this.#ages[share] = this.age(share) + 1;
    if (this.#holders[share] === node) this.#set(share, undefined);
  }

  seen(share: number, node: string | undefined, age: number): void {
    if (age === this.age(share)) this.#set(share, node);
  }

  #set(share: number, node: string | undefined): void {
    if (this.#holders[share] === node) return;
    this.#holders[share] = node;
    if (node !== undefined) for (const listener of this.#listeners) listener(share);
  }
}
