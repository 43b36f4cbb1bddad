/** A mailbox that keeps nothing and says what the test tells it to say of deposits. */
import type { DepositOrder, DepositResult, Mailbox } from '../../gateway/mailbox-ports.ts';

export class ScriptedMailbox implements Mailbox {
  readonly orders: DepositOrder[] = [];
  /** What becomes of recipients, by user id; the others' messages are kept. */
  readonly fates = new Map<string, DepositResult['recipients'][number]>();
  isBroken = false;

  isOpen = (): boolean => true;
  concerns = (): boolean => false;

  mayRepeat(): boolean {
    return false;
  }

  async repeated(): Promise<undefined> {
    return undefined;
  }

  async deposit(order: DepositOrder): Promise<DepositResult> {
    this.orders.push(order);
    if (this.isBroken) throw new Error('the store cannot be had');
    const recipients = order.recipients.map(({ userId }) => this.fates.get(userId) ?? 'stored');
    return { sentId: order.vaspMessageId ?? 'sapgw.mail.1', recipients };
  }

  count = async (): Promise<number> => 0;
  standing = async () => ({ isEmpty: true, isWaiting: false, wantsBlockList: false });
  delivered = async (): Promise<boolean> => false;
  list = async (): Promise<readonly never[]> => [];
  settle = async (): Promise<boolean> => false;
  async arrived(): Promise<void> {}
  async ready(): Promise<void> {}
  async accessLists(): Promise<void> {}
  async listsChanged(): Promise<void> {}
  async answered(): Promise<void> {}
  async wishes(): Promise<void> {}
  async ended(): Promise<void> {}
  take = async (): Promise<undefined> => undefined;
  fetch = async (): Promise<undefined> => undefined;
}
