/** Nodes find each other, talk, and notice when one is gone or a word is lost, over a real Redis. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { errorCode } from '../../gateway/error-code.ts';
import type { Peer } from '../../gateway/node-ports.ts';
import { openNodes } from '../../gateway/nodes/open-nodes.ts';
import { openRedis } from '../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../gateway/stores/redis/keys.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { addressOf, clock, secretsOf, type TestNode, until, World } from './world.ts';

interface Echo {
  echo(value: unknown): Promise<unknown>;
  never(): Promise<void>;
}

const ECHO: Echo = { echo: async (value) => value, never: () => new Promise(() => undefined) };

/** Nobody looks at what is counted and written. */
const UNHEARD = {
  metrics: { nodes: () => undefined, sharesHeld: () => undefined, nodeFrameDropped: () => undefined },
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
};

/** The code with which it fails. */
async function startNowhere(): Promise<string> {
  const address = addressOf('redis://127.0.0.1:1/0');
  const connection = openRedis(address);
  const keys = new KeySpace(address.prefix);
  const started = openNodes({ address, connection, keys, secrets: secretsOf(), clock, ...UNHEARD });
  const code = await started.then(() => 'started', errorCode);
  await connection.close();
  return code;
}

function peerOf(node: TestNode, other: TestNode): Peer {
  const peer = node.nodes.peer(other.nodes.id);
  if (peer === undefined) throw new Error('the other node is not known');
  return peer;
}

const knows = (node: TestNode, other: TestNode) => () => node.nodes.peer(other.nodes.id) !== undefined;

describeWithRedis('nodes', () => {
  let server: RedisServer;
  let world: World;
  /** The start of a node that finds no Redis, which takes seconds. */
  let nowhere: Promise<string>;
  beforeAll(async () => {
    server = await startRedis();
    nowhere = startNowhere();
  });
  afterAll(() => server.stop());
  afterEach(() => world.close());

  /** Two that know each other, both serving. */
  async function two(): Promise<readonly [TestNode, TestNode]> {
    world = new World(server.url());
    const nodes = [await world.add(), await world.add()] as const;
    for (const { nodes: one } of nodes) one.onPeer((peer) => peer.channel.serve<Echo>('echo', ECHO));
    await until('both know each other', () => knows(nodes[0], nodes[1])() && knows(nodes[1], nodes[0])());
    return nodes;
  }

  test('find each other, and ask each other for plain data', async () => {
    const [one, other] = await two();
    const value = { map: new Map([['a', new Uint8Array([1, 2])]]), set: new Set([undefined]) };
    expect(await peerOf(one, other).channel.remote<Echo>('echo').echo(value)).toEqual(value);
    expect(await peerOf(other, one).channel.remote<Echo>('echo').echo('back')).toBe('back');
    expect(one.nodes.id).not.toBe(other.nodes.id);
    const rows = one.nodes.rows();
    expect(rows.map(({ id }) => id)).toEqual([one.nodes.id, other.nodes.id]);
    expect(rows.every(({ lastBeatMillis }) => lastBeatMillis < 5_000)).toBe(true);
    expect([one.gaps(), other.gaps(), one.dropped, other.dropped]).toEqual([0, 0, [], []]);
  });

  test('hear what is announced in its order, and questions in theirs', async () => {
    const [one, other] = await two();
    const heard: unknown[] = [];
    other.nodes.onAnnounced('news', (word, from) => heard.push([word, from === one.nodes.id]));
    const ofThemselves: unknown[] = [];
    one.nodes.onAnnounced('news', (word) => ofThemselves.push(word));
    for (let at = 0; at < 200; at++) one.nodes.announce('news', at);
    await until('all is heard', () => heard.length === 200);
    expect(heard).toEqual(Array.from({ length: 200 }, (_, at) => [at, true]));
    expect(ofThemselves).toEqual([]);
    const asked: unknown[] = [];
    const { echo } = peerOf(one, other).channel.remote<Echo>('echo');
    await Promise.all(Array.from({ length: 200 }, (_, at) => echo(at).then((answer) => asked.push(answer))));
    expect(asked).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(other.gaps()).toBe(0);
  });

  test('know at once that one has left, and a question to it ends', async () => {
    const [one, other] = await two();
    const peer = peerOf(one, other);
    const waiting = expect(peer.channel.remote<Echo>('echo', 60_000).never()).rejects.toMatchObject({ why: 'gone' });
    await other.stop();
    await until('the other is gone', () => !knows(one, other)(), 1_000);
    await waiting;
    await expect(peer.channel.remote<Echo>('echo').echo(1)).rejects.toMatchObject({ why: 'gone' });
    expect(one.events).toContain(`a node is gone ${other.nodes.id} left`);
    expect(one.nodes.peers()).toEqual([]);
  });

  test('know after some seconds that one is silent, and take it back when it was not dead', async () => {
    const [one, other] = await two();
    const peer = peerOf(one, other);
    other.die();
    await expect(peer.channel.remote<Echo>('echo').never()).rejects.toMatchObject({ why: 'timeout' });
    await until('the other is gone', () => !knows(one, other)());
    expect(one.events).toContain(`a node is gone ${other.nodes.id} silent`);
    expect(one.nodes.isInTouch()).toBe(true);
    expect([other.nodes.isInTouch(), other.gaps()]).toEqual([false, 0]);
    other.die(false);
    await until('the other is back', () => knows(one, other)() && other.nodes.isInTouch());
    // It may have missed words; it has said none that the first could have missed.
    expect([one.gaps(), other.gaps()]).toEqual([0, 1]);
    expect(await peerOf(one, other).channel.remote<Echo>('echo').echo(1)).toBe(1);
  });

  test('end a question at once when nobody hears the other', async () => {
    const [one, other] = await two();
    const peer = peerOf(one, other);
    // Its subscription ends without a word.
    await other.connection.requests.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    const began = performance.now();
    const why = await peer.channel
      .remote<Echo>('echo', 60_000)
      .echo(1)
      .then(
        () => 'answered',
        (error: { why: string }) => error.why,
      );
    // It may have come back in time; but it has not waited.
    expect(['answered', 'gone']).toContain(why);
    expect(performance.now() - began).toBeLessThan(30_000);
    await until('both hear again', () => one.gaps() > 0 && other.gaps() > 0);
    await until('both are in touch', () => one.nodes.isInTouch() && other.nodes.isInTouch());
    expect(await peerOf(one, other).channel.remote<Echo>('echo').echo(2)).toBe(2);
  });

  test('notice a word that was lost, also where nothing follows it', async () => {
    const [one, other] = await two();
    const remote = peerOf(one, other).channel.remote<Echo>('echo', 100);
    one.lose(1);
    await expect(remote.echo('lost')).rejects.toMatchObject({ why: 'timeout' });
    await until('the loss is noticed', () => other.gaps() === 1);
    const { gaps } = other;
    one.lose(1);
    one.nodes.announce('news', 'lost');
    await until('the loss of what all were told is noticed', () => gaps() === 2);
    expect(one.gaps()).toBe(1);
    expect(await remote.echo('heard')).toBe('heard');
  });

  test('drop what comes from another gateway, and what comes again', async () => {
    const [one, other] = await two();
    const foreign = await world.add({ secrets: secretsOf('x') });
    for (const { dropped } of [one, other, foreign])
      await until('frames of another gateway are dropped', () => dropped.includes('unsealed'));
    await foreign.stop();
    const frames: Buffer[] = [];
    const listening = openRedis(world.address);
    const { Redis } = await import('ioredis');
    const ear = new Redis({ port: server.port });
    ear.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => frames.push(bytes));
    await ear.subscribe(world.keys.channel(other.nodes.id));
    await peerOf(one, other).channel.remote<Echo>('echo').echo('secret word');
    await until('the frame was overheard', () => frames.length > 0);
    const [frame = Buffer.alloc(0)] = frames;
    expect(frame.includes('secret') || Buffer.from(frame.toString(), 'base64').includes('secret')).toBe(false);
    await listening.requests.command('PUBLISH', world.keys.channel(other.nodes.id), frame);
    await listening.requests.command('PUBLISH', world.keys.channel(one.nodes.id), frame);
    await until('what comes again is dropped', () => other.dropped.includes('repeated'));
    await until('what is for another is dropped', () => one.dropped.includes('misdirected'));
    ear.disconnect();
    await listening.close();
  });

  test('begin to listen anew when nothing arrives though the connection is there', async () => {
    world = new World(server.url());
    const way = await stallingProxy(server.port);
    const connection = openRedis(world.address);
    const nodes = await openNodes({
      ...{ connection, keys: world.keys, secrets: secretsOf(), clock, ...UNHEARD },
      address: { ...world.address, hosts: [{ host: '127.0.0.1', port: way.port }] },
    });
    let gaps = 0;
    nodes.onGap(() => gaps++);
    way.stall();
    await until('a second connection', () => way.connections() === 2);
    await until('the words arrive', () => nodes.isInTouch() && gaps > 0);
    await nodes.close();
    await connection.close();
    way.close();
  });

  test('say so when Redis is not there at the start', async () => {
    world = new World(server.url());
    expect(await nowhere).toBe('ETIMEDOUT');
  });

  test('find each other in a Cluster', async () => {
    const cluster = await startRedis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
    try {
      const single = openRedis(addressOf(cluster.url()));
      await single.requests.command('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
      await single.close();
      world = new World(`redis-cluster://127.0.0.1:${cluster.port}`);
      const [one, other] = (await world.addHolding(2)) as [TestNode, TestNode];
      other.nodes.onPeer((peer) => peer.channel.serve<Echo>('echo', ECHO));
      const { echo } = peerOf(one, other).channel.remote<Echo>('echo');
      const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => echo(at)));
      expect(answers).toEqual(Array.from({ length: 100 }, (_, at) => at));
      expect([one.gaps(), other.gaps()]).toEqual([0, 0]);
    } finally {
      await world.close();
      await cluster.stop();
    }
  });

  test('leave no timer and no socket behind', async () => {
    const open = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name.startsWith('TCP')).length;
    const before = open();
    const nodes = await two();
    await world.addHolding(1);
    expect(open()).toBeGreaterThan(before);
    for (const node of [...nodes, ...world.all]) await node.stop();
    await until('everything is closed', () => open() <= before, 3_000);
  });
});

/** Passes everything on, until it stalls the connections that it has. */
async function stallingProxy(target: number) {
  const pairs: (readonly [Socket, Socket])[] = [];
  const proxy = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => far.destroy());
    pairs.push([near, far]);
  });
  proxy.listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  return {
    port: portOf(proxy),
    connections: () => pairs.length,
    stall: () => {
      for (const [near, far] of pairs) far.unpipe(near);
    },
    close: () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      proxy.close();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
