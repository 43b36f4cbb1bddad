/** Redis behind TLS: it is used where its certificate is trusted, and a start says what to do where it is not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type MadeCertificate, makeCertificate } from '../../http/certificates.ts';
import { Program } from '../../main/processes.ts';
import { LEVELS } from '../../main/running.ts';
import { startRedisCluster } from '../../redis-cluster.ts';
import { byTls, freePort } from '../../redis-program.ts';
import { startRedisGroup } from '../../redis-sentinel.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';

describeWithRedis('Redis by TLS', () => {
  let directory = '';
  let certificate: MadeCertificate;
  let server: RedisServer;
  let tlsPort = 0;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sapgw-tls-'));
    mkdirSync(join(directory, 'policies'));
    writeFileSync(join(directory, 'policies/levels.yaml'), LEVELS);
    certificate = makeCertificate(directory, 'redis');
    tlsPort = await freePort();
    server = await startRedis(byTls(tlsPort, certificate));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  function gateway(store: string, trusted: boolean): Program {
    const config = join(directory, 'gateway.yaml');
    const settings = {
      listen: '127.0.0.1:0',
      admin: { listen: '127.0.0.1:0' },
      store,
      secretFile: join(directory, 'secret'),
      vasps: { one: { url: 'http://127.0.0.1:1' } },
    };
    writeFileSync(config, JSON.stringify(settings));
    return new Program(
      ['serve', '--config', config],
      undefined,
      trusted ? { NODE_EXTRA_CA_CERTS: certificate.cert } : {},
    );
  }

  /** Readiness needs answers to writes, and the words of the nodes. */
  async function becomesReady(store: string): Promise<void> {
    const program = gateway(store, true);
    try {
      const [, admin] = await program.told(/Admin +(http:\/\/127\.0\.0\.1:\d+)/);
      while (!(await fetch(`${admin}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      program.child.kill('SIGTERM');
      expect((await program.finished).status).toBe(0);
    }
  }

  test('a gateway that trusts its certificate becomes ready', () => becomesReady(`rediss://localhost:${tlsPort}/0`));

  test('a Cluster, too, whose machines are known by their names', async () => {
    const cluster = await startRedisCluster(certificate);
    try {
      await becomesReady(cluster.url());
    } finally {
      await cluster.stop();
    }
  });

  test('a group that Sentinels watch, too', async () => {
    const group = await startRedisGroup(certificate);
    try {
      await becomesReady(group.url());
      await group.failOver();
      await becomesReady(group.url());
    } finally {
      await group.stop();
    }
  });

  test.each([
    [
      'is not trusted',
      'localhost',
      false,
      /shows a certificate that is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): NODE_EXTRA_CA_CERTS names/,
    ],
    ['is for another host', '127.0.0.1', true, /shows a certificate for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
  ])('a certificate that %s stops the start, which says so', async (_, host, isTrusted, problem) => {
    const { status, stderr } = await gateway(`rediss://${host}:${tlsPort}/0`, isTrusted).finished;
    expect([status, stderr]).toEqual([2, expect.stringMatching(problem)]);
  });

  test('what says nothing of why is asked after', async () => {
    const { status, stderr } = await gateway(`rediss://127.0.0.1:${server.port}/0`, true).finished;
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/does not answer .*by TLS: is its certificate trusted/),
    ]);
  });
});
