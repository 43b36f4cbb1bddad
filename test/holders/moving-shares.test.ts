/** Three nodes ask each other for shares that move unheard, and each question that fails is asked again or not, as it must be. */
import { describe, expect, test } from '@jest/globals';
import { GatewayError, StoreWriteError } from '../../gateway/errors.ts';
import { AtHolder, notHeld } from '../../gateway/holders/at-holder.ts';
import { keyIn, type TestNode, TestNodes } from './nodes.ts';

interface Service {
  name(share: number): Promise<string>;
}

/** Nodes that say who they are, each for the shares that it holds; `instead` comes first. */
function world(instead: (node: TestNode) => Promise<string | undefined> = async () => undefined) {
  const nodes = new TestNodes('a', 'b', 'c');
  const asked: string[] = [];
  const [a, b, c] = nodes.all.map((node) => {
    const name = async (share: number): Promise<string> => {
      asked.push(node.id);
      return (await instead(node)) ?? node.heldOr(share, node.id);
    };
    return { node, at: new AtHolder<Service>(node.holders, 'names', { name }) };
  });
  if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes');
  return { nodes, asked, a, b, c, ask: (share: number) => a.at.ask(share, (holder) => holder.name(share)) };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => (error instanceof GatewayError ? error.code : error),
  );

describe('the holder of a share', () => {
  test('is asked, be it this node or another, without a pause or a look into the store', async () => {
    const { nodes, asked, a, ask } = world();
    expect([await ask(0), await ask(1), await ask(2)]).toEqual(['a', 'b', 'c']);
    expect([asked, nodes.pauses, a.node.looks]).toEqual([['a', 'b', 'c'], [], 0]);
  });

  test('is found after the share went on unheard: the one who holds it no longer says so', async () => {
    const { nodes, asked, b, c, ask } = world();
    nodes.move(1, 'c', [b.node, c.node]);
    expect(await ask(1)).toBe('c');
    expect([asked, nodes.pauses]).toEqual([['b', 'c'], [5]]);
    nodes.move(1, 'a', [b.node, c.node]);
    expect(await ask(1)).toBe('a');
    nodes.move(1, 'b', [b.node, c.node]);
    expect(await ask(1)).toBe('b');
  });

  test('is waited for while nobody is', async () => {
    const { nodes, asked, ask } = world();
    nodes.move(1, undefined);
    nodes.meanwhile = () => {
      if (nodes.now >= 300) nodes.holders.set(1, 'c');
      if (nodes.now >= 300) nodes.all[2]?.learn(1, 'c');
    };
    expect(await ask(1)).toBe('c');
    expect(asked).toEqual(['c']);
    expect(nodes.now).toBeGreaterThanOrEqual(300);
    expect(nodes.now).toBeLessThan(400);
    expect(Math.max(...nodes.pauses)).toBe(80);
  });

  test('is given up after its patience, when there is none', async () => {
    const { nodes, asked, ask } = world();
    nodes.move(1, undefined);
    expect(await codeOf(ask(1))).toBe('NOT_HELD');
    expect(asked).toEqual([]);
    expect(nodes.now).toBeGreaterThan(500);
    expect(nodes.now).toBeLessThan(900);
  });

  test('is given up, too, when one node is thought to be it and denies', async () => {
    const { nodes, asked, a, ask } = world();
    nodes.holders.set(1, undefined);
    nodes.meanwhile = () => a.node.learn(1, 'b');
    a.node.shares.look = async () => 'b';
    await expect(ask(1)).rejects.toMatchObject({ why: 'failed', failure: 'NOT_HELD' });
    expect(asked.length).toBeGreaterThan(5);
    expect(nodes.now).toBeLessThan(900);
  });

  test('is looked for again when the store does not say who it is', async () => {
    const { nodes, a, b, c, ask } = world();
    nodes.move(1, 'c', [b.node, c.node]);
    const { look } = a.node.shares;
    let looks = 0;
    a.node.shares.look = async (share) => {
      if (++looks < 4) throw new StoreWriteError('EAWAY');
      return look(share);
    };
    expect(await ask(1)).toBe('c');
    expect(looks).toBe(4);
  });
});

describe('a question that fails', () => {
  test.each([
    ['NOT_HELD here', 0, () => notHeld(0)],
    ['NOT_HELD there', 1, () => notHeld(1)],
    ['FENCED here', 0, () => new StoreWriteError('FENCED')],
    ['FENCED there', 1, () => new StoreWriteError('FENCED')],
  ])('with %s is asked again', async (_name, share, error) => {
    let failures = 3;
    const { nodes, asked, ask } = world(async () => {
      if (failures-- > 0) throw error();
      return undefined;
    });
    const name = share === 0 ? 'a' : 'b';
    expect(await ask(share)).toBe(name);
    expect(asked).toEqual([name, name, name, name]);
    expect(nodes.pauses).toEqual([5, 10, 20]);
  });

  test.each([
    ['the store here', 0, 'a'],
    ['the store there', 1, 'b'],
  ])('with a time-out of %s is not asked again', async (_name, share, name) => {
    const { nodes, asked, ask } = world(async () => {
      throw new StoreWriteError('ETIMEDOUT');
    });
    await expect(ask(share)).rejects.toMatchObject(share === 0 ? { code: 'ETIMEDOUT' } : { failure: 'ETIMEDOUT' });
    expect([asked, nodes.pauses]).toEqual([[name], []]);
  });

  test('for want of an answer is not asked again', async () => {
    const { nodes, asked, ask } = world((node) =>
      node.id === 'b' ? new Promise(() => {}) : Promise.resolve(undefined),
    );
    await expect(ask(1)).rejects.toMatchObject({ why: 'timeout' });
    expect([asked, nodes.pauses]).toEqual([['b'], []]);
  });

  test('because the node is gone is asked of the next holder', async () => {
    const gone = world(async (node) => {
      if (node.id !== 'b') return undefined;
      gone.nodes.holders.set(1, 'c');
      gone.c.node.learn(1, 'c');
      gone.nodes.kill(node);
      return new Promise(() => {});
    });
    expect(await gone.ask(1)).toBe('c');
    expect(gone.asked).toEqual(['b', 'c']);
  });

  test('with anything else is not asked again', async () => {
    const { asked, ask } = world(async () => {
      throw new TypeError('a fault of the program');
    });
    await expect(ask(0)).rejects.toThrow(TypeError);
    await expect(ask(1)).rejects.toMatchObject({ why: 'failed' });
    expect(asked).toEqual(['a', 'b']);
  });
});

test('keys of tests are in the share that they name', async () => {
  const { shareOf, ALL_SHARES } = await import('../../gateway/shares.ts');
  expect(ALL_SHARES.map((share) => shareOf(keyIn(share)))).toEqual(ALL_SHARES);
});
