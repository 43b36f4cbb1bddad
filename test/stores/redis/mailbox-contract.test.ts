/** Mailboxes, System Messages and all that belongs to them in Redis do what every store must do, whole and split over holders. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import type { Store } from '../../../gateway/ports.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { scaled } from '../../scale.ts';
import { describeMailbox } from '../contract-mailbox.ts';
import { describeMessages } from '../contract-messages.ts';
import { describeNotifications } from '../contract-notifications.ts';
import { playGames, SEED } from '../mailbox-model.ts';
import { type Opened, openParts, storeOf } from './parts-of-tests.ts';
import { splitStoreOf } from './split-store.ts';

const WAYS: readonly (readonly [name: string, open: (parts: Opened) => Promise<Store>])[] = [
  ['the whole store', async (parts) => storeOf(parts)],
  ['every share in other hands', splitStoreOf],
];

describeWithRedis('mailboxes and System Messages', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(['--appendfsync', 'no']);
  });
  afterAll(() => server.stop());

  describe.each(WAYS)('%s', (_name, open) => {
    let store: Store;
    beforeEach(async () => {
      store = await open(openParts(server.url()));
    });
    afterEach(() => store.close());

    describeMailbox(() => store);
    describeNotifications(() => store);
    describeMessages(() => store);

    test(`random changes, seed ${SEED}`, () => playGames(store.mailbox, scaled(5, 100)), 600_000);
  });
});
