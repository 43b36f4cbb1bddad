/** The store in Redis keeps the contract of stores. */
import { afterAll, beforeAll } from '@jest/globals';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { describeStore } from '../contract.ts';
import { openedRedis } from './opened.ts';

const PATIENT_MILLIS = 20_000;

describeWithRedis('the store in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(['--appendfsync', 'no']);
  });
  afterAll(() => server.stop());

  // It is about what is stored; how long that may take is not.
  describeStore('redis', async () => (await openedRedis(server.url(), PATIENT_MILLIS)).store);
});
