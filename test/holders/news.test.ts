/** What one node tells the others: all hear it, one that is silent is waited for only its time, and nobody who tells fails. */
import { expect, test } from '@jest/globals';
import { type NodeNews, tellNodes } from '../../gateway/holders/news.ts';
import { keyIn, TestNodes } from './nodes.ts';

/** @param instead what a node does that hears of a session; it is noted all the same */
function world(instead: (id: string) => Promise<void> = async () => {}) {
  const nodes = new TestNodes('a', 'b', 'c');
  const heard: (readonly unknown[])[] = [];
  const [a, b] = nodes.all.map((node) => {
    const note =
      (name: string) =>
      async (...args: readonly unknown[]): Promise<void> => {
        heard.push([node.id, name, ...args]);
        await instead(node.id);
      };
    const here: NodeNews = {
      sessionChanged: note('session'),
      concern: note('concern'),
      mailWaits: note('mail'),
      setAside: note('set aside'),
      ringUser: note('ring'),
    };
    return { node, teller: tellNodes(node.nodes, here, nodes.store, node.log) };
  });
  if (a === undefined || b === undefined) throw new Error('two nodes');
  return { nodes, heard, a, b };
}

const KEY = keyIn(3);

test('is heard by all others, as it was said, when it is told', async () => {
  const { heard, a } = world();
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  await a.teller.tell('messages', (node) => node.concern([[KEY, true]]));
  await a.teller.tell('mail', (node) => node.mailWaits([KEY], { sessionKey: KEY, transactionId: '7' }));
  await a.teller.tell('set aside', (node) => node.setAside(KEY, true, 1_700_000_000_000_001));
  await a.teller.tell('call', (node) => node.ringUser(KEY));
  const said = [
    ['session', KEY],
    ['concern', [[KEY, true]]],
    ['mail', [KEY], { sessionKey: KEY, transactionId: '7' }],
    ['set aside', KEY, true, 1_700_000_000_000_001],
    ['ring', KEY],
  ];
  expect(heard).toEqual(said.flatMap((one) => ['b', 'c'].map((id) => [id, ...one])));
  expect(a.node.warnings).toEqual([]);
});

test('is not waited for longer than a question may take, and the log says who was silent', async () => {
  const { heard, a } = world((id) => (id === 'b' ? new Promise(() => {}) : Promise.resolve()));
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  expect(heard.map(([id]) => id)).toEqual(['b', 'c']);
  expect(a.node.warnings).toEqual([['a node does not answer', { node: 'b', news: 'session' }]]);
});

test('fails nobody when another node fails at it, and the log says so', async () => {
  const { a } = world(async (id) => {
    if (id === 'c') throw new TypeError('a fault of the program');
  });
  await a.teller.tell('mail', (node) => node.mailWaits([KEY]));
  expect(a.node.warnings).toEqual([['a node does not answer', { node: 'c', news: 'mail' }]]);
});

test('is of no concern to a node that is gone', async () => {
  const { nodes, heard, a, b } = world(async (id) => {
    if (id === 'b') nodes.kill(b.node);
  });
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  expect(heard.map(([id]) => id)).toEqual(['b', 'c', 'c']);
  expect(a.node.warnings).toEqual([]);
});

test('is waited for no longer once nobody can be heard', async () => {
  const { nodes, a } = world(() => new Promise(() => {}));
  let isOver = false;
  const told = a.teller
    .tell('session', (node) => node.sessionChanged(KEY))
    .then(() => {
      isOver = true;
    });
  nodes.loseStore(true);
  // Long before the question has had its time.
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(true);
  await told;
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  expect(a.node.warnings.length).toBe(4);
});

test('reaches nodes that come later', async () => {
  const { nodes, heard, a, b } = world();
  nodes.kill(b.node);
  nodes.connect(a.node, b.node);
  await a.teller.tell('session', (node) => node.sessionChanged(KEY));
  expect(heard.map(([id]) => id).toSorted()).toEqual(['b', 'c']);
});
