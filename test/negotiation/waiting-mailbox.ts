/** A mailbox that counts what a test says, and does nothing else. */
import type { Mailbox } from '../../gateway/mailbox-ports.ts';

/** @param count asked at each login, with the keyed hash of the user */
export function countingMailbox(count: (userKey: string) => Promise<number>): Mailbox {
  const nothing = async (): Promise<void> => {};
  return {
    concerns: () => false,
    isOpen: () => true,
    count,
    mayRepeat: () => false,
    repeated: () => Promise.reject(new Error('nothing is kept here')),
    deposit: () => Promise.reject(new Error('nothing is kept here')),
    arrived: nothing,
    ready: nothing,
    standing: async () => ({ isEmpty: true, isWaiting: false, wantsBlockList: false }),
    accessLists: nothing,
    listsChanged: nothing,
    take: async () => undefined,
    answered: nothing,
    delivered: async () => false,
    list: async () => [],
    fetch: async () => undefined,
    settle: async () => false,
    wishes: nothing,
    ended: nothing,
  };
}
