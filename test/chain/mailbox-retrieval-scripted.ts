/** A mailbox that holds what the test puts into it for one user, and keeps what it is told. */
import { type Element, element } from '../../gateway/csp/element.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import type {
  DepositResult,
  KeptMessage,
  Mailbox,
  MailStanding,
  OffLineWishes,
  Visitor,
} from '../../gateway/mailbox-ports.ts';
import { mailMessageId } from '../../gateway/stored-message/ids.ts';
import { messageInfoFor } from '../../gateway/stored-message/message-info.ts';
import { envelope } from '../stored-message/letters.ts';

/** 22 characters that say a short name. */
export function idOf(name: string): string {
  return name.padEnd(22, '_');
}

/** What `name` is called on the wire. */
export function wire(name: string): string {
  return mailMessageId(idOf(name));
}

export class ScriptedMailbox implements Mailbox {
  /** Names of the messages that are kept, in order. */
  readonly kept: string[] = [];
  content = element('ContentData', 'Grüße');
  info: Element = envelope().info;
  open = true;
  /** Makes every question fail. */
  isBroken = false;
  /** What clients said, in order. */
  readonly heard: string[] = [];
  readonly wished: OffLineWishes[] = [];
  /** The last one that asked. */
  visitor: Visitor | undefined;

  concerns(): boolean {
    return this.kept.length > 0;
  }

  isOpen(): boolean {
    return this.open;
  }

  mayRepeat(): boolean {
    return false;
  }

  async repeated(): Promise<undefined> {
    return undefined;
  }

  async deposit(): Promise<DepositResult> {
    throw new Error('nothing is to be kept here');
  }

  async count(): Promise<number> {
    return this.kept.length;
  }

  async arrived(): Promise<void> {}
  async ready(): Promise<void> {}
  async accessLists(): Promise<void> {}
  async listsChanged(): Promise<void> {}
  async ended(): Promise<void> {}

  async standing(visitor: Visitor): Promise<MailStanding> {
    this.#work(visitor);
    return { isEmpty: this.kept.length === 0, isWaiting: false, wantsBlockList: false };
  }

  async take(): Promise<undefined> {
    return undefined;
  }

  async answered(visitor: Visitor, transactionId: string, code: number): Promise<void> {
    this.#work(visitor);
    this.heard.push(`answered ${transactionId} ${code}`);
  }

  async delivered(visitor: Visitor, messageId: string): Promise<boolean> {
    return this.#end(visitor, messageId, 'delivered');
  }

  async list(visitor: Visitor): Promise<readonly Element[]> {
    this.#work(visitor);
    return this.kept.map((name) => this.#infoOf(name, visitor.version));
  }

  async fetch(visitor: Visitor, messageId: string): Promise<KeptMessage | undefined> {
    this.#work(visitor);
    const name = this.kept.find((candidate) => wire(candidate) === messageId);
    if (name === undefined) return undefined;
    return { id: idOf(name), info: this.#infoOf(name, visitor.version), content: this.content };
  }

  async settle(visitor: Visitor, messageId: string, how: 'rejected' | 'forwarded'): Promise<boolean> {
    return this.#end(visitor, messageId, how);
  }

  async wishes(_userKey: string, wishes: OffLineWishes): Promise<void> {
    this.wished.push(wishes);
  }

  #infoOf(name: string, version: CspVersion): Element {
    const kept = { id: idOf(name), storedAt: 0, expiresAt: 600_000, bytes: 7 };
    return messageInfoFor({ info: this.info }, kept, version, 0);
  }

  #end(visitor: Visitor, messageId: string, how: string): boolean {
    this.#work(visitor);
    const index = this.kept.findIndex((candidate) => wire(candidate) === messageId);
    this.heard.push(`${how} ${messageId.replace(/^sapgw\.mail\.|_+$/g, '')}`);
    if (index !== -1) this.kept.splice(index, 1);
    return index !== -1;
  }

  #work(visitor: Visitor): void {
    this.visitor = visitor;
    if (this.isBroken) throw new Error('the mailbox cannot be had');
  }
}

/** Everything but the one code. */
export function without(code: string): readonly string[] {
  return ServiceSet.ALL.minus(ServiceSet.ofCodes([code])).codes();
}
