/** A Redis server of a test's own, where the program is installed. Programs that are no tests use `redis-program.ts`. */
import { test } from '@jest/globals';
import { hasRedis } from './redis-program.ts';

export { hasRedis, type RedisServer, startRedis } from './redis-program.ts';

/** Registers the tests where Redis is installed; else one that says that it is not, and fails in CI. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (hasRedis) tests();
  else
    test(`${name}: redis-server is not installed here, nothing of it was tested`, () => {
      if (process.env.CI !== undefined) throw new Error('redis-server must be installed in CI');
    });
}
