/** Shares are held by one node at a time, whatever happens to the nodes and to Redis, and change hands quickly. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { errorCode } from '../../gateway/error-code.ts';
import { FENCED } from '../../gateway/errors.ts';
import { nodeOf } from '../../gateway/nodes/leases.ts';
import { ALL_SHARES, SHARES } from '../../gateway/shares.ts';
import { openRedis, type RedisConnection } from '../../gateway/stores/redis/connection.ts';
import { shareScript } from '../../gateway/stores/redis/script.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { type TestNode, until, World } from './world.ts';

/** Something that a holder writes for a share. */
const WRITE = shareScript(`return redis.call('RPUSH', KEYS[1], ARGV[1])`);

describeWithRedis('shares', () => {
  let server: RedisServer;
  let world: World;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(() => world.close());

  /** Writes for every share in the name of its holder, and looks who holds it, until it is told to end. */
  function watch() {
    const doubles = new Set<string>();
    let isOver = false;
    const written = (async () => {
      while (!isOver) {
        for (const double of world.doubles()) doubles.add(double);
        for (const node of world.all)
          for (const share of node.held()) {
            const token = node.taken.get(share) ?? 'none';
            const keys = [world.keys.inShare(share, 'written'), world.keys.lease(share)];
            node.connection.background.run(WRITE, keys, [token, token]).catch((error: unknown) => {
              if (errorCode(error) === FENCED) node.events.push('refused');
            });
          }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    /** What was held twice, and the shares in which one wrote after another had. */
    return async (connection: RedisConnection) => {
      isOver = true;
      await written;
      const late = [];
      for (const share of ALL_SHARES) {
        const list = await connection.background.command('LRANGE', world.keys.inShare(share, 'written'), 0, -1);
        const tokens = (Array.isArray(list) ? list : []).map(String);
        const turns = tokens.filter((token, at) => token !== tokens[at - 1]);
        if (new Set(turns).size !== turns.length || turns.includes('none')) late.push([share, turns]);
      }
      return { doubles: [...doubles], late };
    };
  }

  const NOTHING = { doubles: [], late: [] };

  test('one node has all, three have about equal parts, and everybody knows who has what', async () => {
    world = new World(server.url());
    const [one] = (await world.addHolding(1)) as [TestNode];
    expect(one.held()).toEqual(ALL_SHARES);
    const moved: number[] = [];
    one.shares.onMoved((share) => moved.push(share));
    const end = watch();
    const [, three] = (await world.addHolding(2)) as [TestNode, TestNode];
    const parts = world.all.map((node) => node.held().length);
    expect(parts.toSorted()).toEqual([10, 11, 11]);
    // What goes by how things stand with two nodes may come back when the third is there.
    expect(new Set(moved).size).toBeGreaterThanOrEqual(SHARES - one.held().length);
    expect(await end(one.connection)).toEqual(NOTHING);
    for (const node of world.all) {
      expect([...node.taken.keys()].toSorted((a, b) => a - b)).toEqual(node.held());
      for (const [share, token] of node.taken) {
        expect(nodeOf(token)).toBe(node.nodes.id);
        expect(await three.shares.look(share)).toBe(node.nodes.id);
      }
    }
    expect(world.all.flatMap(({ events }) => events.filter((event) => event.includes('share')))).toEqual([]);
  });

  test('who waits is told when nobody takes them', async () => {
    world = new World(server.url());
    let go: () => void = () => undefined;
    const going = new Promise<void>((resolve) => {
      go = resolve;
    });
    const one = await world.add({ holder: { take: () => going } });
    expect(await one.shares.begin(200)).toBe(false);
    expect([one.held(), one.shares.holder(0), await one.shares.look(0)]).toEqual([[], undefined, undefined]);
    go();
  });

  test('who leaves gives all away, and takes none any more', async () => {
    world = new World(server.url());
    const [one, two] = (await world.addHolding(2)) as [TestNode, TestNode];
    const end = watch();
    await one.shares.leave();
    expect([one.held(), one.taken.size]).toEqual([[], 0]);
    await until('the other has all', () => two.held().length === SHARES, 2_000);
    // It is asked by clients as long as its sockets drain.
    await until('who left knows who has them', () =>
      ALL_SHARES.every((share) => one.shares.holder(share) === two.nodes.id),
    );
    expect(await end(one.connection)).toEqual(NOTHING);
    expect(await one.shares.begin(100)).toBe(false);
  });

  test('a holder that cannot begin gives the share back, and tries again', async () => {
    world = new World(server.url());
    let failures = 0;
    const one = await world.add({
      holder: {
        async take(share) {
          if (share === 3 && failures++ < 1) throw new Error('not now');
        },
      },
    });
    expect(await one.shares.begin(10_000)).toBe(true);
    expect(failures).toBe(2);
    expect(one.events).toContain('a share cannot be taken 3 UNKNOWN');
  });

  test('a holder that takes its time keeps the lease, and gives the share up only then', async () => {
    world = new World(server.url());
    let go: () => void = () => undefined;
    const going = new Promise<void>((resolve) => {
      go = resolve;
    });
    const one = await world.add({ holder: { giveUp: () => going } });
    expect(await one.shares.begin(10_000)).toBe(true);
    const end = watch();
    const two = await world.add();
    const begun = two.shares.begin(10_000);
    await until('it is on its way', () => one.held().length === SHARES / 2);
    // Longer than a lease that nobody renews.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect([one.held().length, one.taken.size, two.held().length]).toEqual([SHARES / 2, SHARES, 0]);
    go();
    expect(await begun).toBe(true);
    await until('the other has its half', () => two.held().length === SHARES / 2);
    expect(await end(one.connection)).toEqual(NOTHING);
  });

  test('a share changes hands in milliseconds under questions that do not stop', async () => {
    world = new World(server.url());
    const [one] = (await world.addHolding(1)) as [TestNode];
    const gone: number[] = ALL_SHARES.map(() => 0);
    const pauses: number[] = [];
    const end = watch();
    const asking = setInterval(() => {
      for (const share of ALL_SHARES) {
        const isHeld = world.all.some(({ shares }) => shares.isHeld(share));
        const since = gone[share] ?? 0;
        if (!isHeld && since === 0) gone[share] = performance.now();
        if (isHeld && since !== 0) {
          pauses.push(performance.now() - since);
          gone[share] = 0;
        }
      }
    }, 1);
    const [two] = (await world.addHolding(1)) as [TestNode];
    const [three] = (await world.addHolding(1)) as [TestNode];
    await two.stop();
    await world.settled([one, three]);
    clearInterval(asking);
    process.stdout.write(
      `share without a holder: ${Math.round(Math.max(...pauses))} ms at most, ${pauses.length} seen\n`,
    );
    expect(await end(one.connection)).toEqual(NOTHING);
  });

  test('a node that dies is followed by the others, and is refused when it comes back', async () => {
    world = new World(server.url());
    const [one, two] = (await world.addHolding(2)) as [TestNode, TestNode];
    const end = watch();
    const before = new Map(one.taken);
    one.die();
    await until('it knows that it has lost all', () => one.held().length === 0 && one.taken.size === 0);
    await until('the other has all', () => two.held().length === SHARES);
    const [[share, token] = [0, '']] = [...before];
    const keys = [world.keys.inShare(share, 'written'), world.keys.lease(share)];
    const late = one.connection.background.run(WRITE, keys, ['late', token]);
    await expect(late).rejects.toMatchObject({ code: FENCED });
    one.die(false);
    await world.settled();
    expect(await end(two.connection)).toEqual(NOTHING);
    expect([...one.taken.values()].filter((again) => [...before.values()].includes(again))).toEqual([]);
  });

  test('while Redis stands still nobody is in touch and nothing is held, and then all is as before', async () => {
    world = new World(server.url());
    const nodes = await world.addHolding(3);
    const end = watch();
    const gaps = nodes.map((node) => node.gaps());
    server.pause();
    const resuming = setTimeout(() => server.resume(), 5_000);
    await until('all are out of touch', () => nodes.every((node) => !node.nodes.isInTouch()));
    await until('nothing is held', () => nodes.every((node) => node.held().length === 0));
    await until('all is given up', () => nodes.every((node) => node.taken.size === 0));
    await until('all are in touch', () => nodes.every((node) => node.nodes.isInTouch()));
    clearTimeout(resuming);
    await world.settled();
    expect(nodes.map((node, at) => node.gaps() > (gaps[at] ?? 0))).toEqual([true, true, true]);
    // Nobody took the others for dead.
    expect(nodes.flatMap(({ events }) => events.filter((event) => event.startsWith('a node is gone')))).toEqual([]);
    expect(await end(nodes[0]?.connection ?? openRedis(world.address))).toEqual(NOTHING);
  });

  test('Redis dies and comes back without a lease', async () => {
    world = new World(server.url());
    const nodes = await world.addHolding(2);
    const end = watch();
    await server.kill();
    await until('all are out of touch', () => nodes.every((node) => !node.nodes.isInTouch()));
    await server.restart();
    await until('all are in touch', () => nodes.every((node) => node.nodes.isInTouch()));
    const { background } = nodes[0]?.connection ?? openRedis(world.address);
    for (const share of ALL_SHARES) await background.command('DEL', world.keys.lease(share));
    await until('the loss is known', () =>
      nodes.every((node) => node.events.some((event) => event.startsWith('shares were lost'))),
    );
    await world.settled();
    expect(await end(nodes[0]?.connection ?? openRedis(world.address))).toEqual(NOTHING);
  });
});
