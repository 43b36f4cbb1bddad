/** Addresses of Redis as operators write them, and as they are shown: without passwords. */
import { describe, expect, test } from '@jest/globals';
import { parseRedisAddress, shownRedisAddress } from '../../../gateway/stores/redis/address.ts';

const PLAIN = {
  kind: 'single',
  tls: false,
  hosts: [{ host: '127.0.0.1', port: 6379 }],
  db: 0,
  group: '',
  username: undefined,
  password: undefined,
  isAuthOfSentinels: false,
  prefix: 'sapgw',
};

describe('an address is read', () => {
  test.each([
    ['redis://127.0.0.1', {}],
    ['redis://127.0.0.1/', {}],
    ['redis://127.0.0.1:6380/3', { hosts: [{ host: '127.0.0.1', port: 6380 }], db: 3 }],
    ['rediss://redis.example:6379/0', { tls: true, hosts: [{ host: 'redis.example', port: 6379 }] }],
    ['redis://[::1]:7000/0', { hosts: [{ host: '::1', port: 7000 }] }],
    ['redis://:se%40cret@127.0.0.1', { password: 'se@cret' }],
    ['redis://gateway:secret@127.0.0.1/0?prefix=one', { username: 'gateway', password: 'secret', prefix: 'one' }],
    [
      'redis-sentinel://a,b:26380/im',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
        ],
        group: 'im',
      },
    ],
    [
      'rediss-sentinel://watch:pw%26@a/im/2?sentinelAuth=same',
      {
        kind: 'sentinel',
        tls: true,
        hosts: [{ host: 'a', port: 26379 }],
        group: 'im',
        db: 2,
        username: 'watch',
        password: 'pw&',
        isAuthOfSentinels: true,
      },
    ],
    [
      'redis-cluster://a:7001,b:7002',
      {
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 7001 },
          { host: 'b', port: 7002 },
        ],
      },
    ],
  ])('%s', (text, change) => {
    expect(parseRedisAddress(text)).toEqual({ ...PLAIN, ...change });
  });

  test.each([
    'redis://',
    'redis:127.0.0.1',
    'http://127.0.0.1',
    'redis://a,b/0',
    'redis://a:0',
    'redis://a:70000',
    'redis://a/x',
    'redis://a/0/1',
    'redis://a?prefix=',
    'redis://a?prefix=a%20b',
    'redis://a?db=1',
    'redis://a?sentinelAuth=same',
    'redis-sentinel://a/im?sentinelAuth=other',
    'redis-sentinel://a,b',
    'redis-cluster://a,b/1',
    'redis-unix://a',
  ])('%s is none', (text) => {
    expect(parseRedisAddress(text)).toBeUndefined();
  });
});

describe('an address is shown', () => {
  test.each([
    ['redis://127.0.0.1', 'redis://127.0.0.1:6379/0'],
    ['rediss://[::1]:7000/3?prefix=one', 'rediss://[::1]:7000/3?prefix=one'],
    ['redis://gateway:secret@127.0.0.1', 'redis://gateway:***@127.0.0.1:6379/0'],
    ['redis://:secret@127.0.0.1', 'redis://:***@127.0.0.1:6379/0'],
    ['redis-sentinel://a,b:26380/im', 'redis-sentinel://a:26379,b:26380/im'],
    ['redis-sentinel://u:secret@a/im/2?sentinelAuth=same', 'redis-sentinel://u:***@a:26379/im/2?sentinelAuth=same'],
    ['redis-cluster://a:7001,b', 'redis-cluster://a:7001,b:6379'],
  ])('%s as %s', (text, shown) => {
    const address = parseRedisAddress(text);
    if (address === undefined) throw new Error('it is none');
    expect(shownRedisAddress(address)).toBe(shown);
    expect(shownRedisAddress(address)).not.toContain('secret');
  });
});
