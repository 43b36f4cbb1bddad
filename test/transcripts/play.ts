/** Plays a transcript from its first step to its last, in one version and one encoding. */
import type { CspVersion, Encoding } from '../../gateway/csp/versions.ts';
import { keyOf } from './kept-steps.ts';
import { memoryStores, type RigStores } from './rig-stores.ts';
import type { Script } from './script.ts';
import { act } from './steps.ts';
import { World } from './world.ts';

/** @throws {Error} that names the transcript's line, what was expected there and what came. */
export async function play(
  name: string,
  script: Script,
  version: CspVersion,
  encoding: Encoding,
  stores: RigStores = memoryStores,
): Promise<void> {
  const world = new World(script, version, encoding, stores.open());
  try {
    await playIn(world, name, script);
  } finally {
    await world.close();
  }
}

async function playIn(world: World, name: string, script: Script): Promise<void> {
  const { version, encoding } = world;
  for (const { line, text, block, versions, machines } of script.steps) {
    if (!versions.includes(version)) continue;
    if (machines !== undefined && (machines === 'several') !== world.isShared) continue;
    try {
      await act(world, text, block);
    } catch (error) {
      throw new Error(`${name}:${line} (CSP ${version}, ${encoding}) ${text}\n  ${messageOf(error)}`);
    }
  }
  try {
    world.expectQuiet();
    expectAllAnswered(world);
    await expectDiscretion(world);
  } catch (error) {
    throw new Error(`${name}: at the end (CSP ${version}, ${encoding})\n  ${messageOf(error)}`);
  }
}

function expectAllAnswered(world: World): void {
  for (const { request, state } of world.incoming) {
    if (state !== 'answered') throw new Error(`${request.vasp} has a request that no step answers`);
  }
  for (const { client } of world.asked) throw new Error(`${client.name} waits for a reply still`);
}

/** Nothing that a person is, knows or says may be logged or counted [operations §5]. */
async function expectDiscretion(world: World): Promise<void> {
  const users = new Set([...world.clients.values()].map((client) => keyOf(world, client)));
  const written = JSON.stringify([
    world.rig.log,
    world.rig.metrics,
    await world.store.sessions.slice(undefined, 1000),
    await Promise.all([...users].map((user) => world.store.acceptances.of(user))),
    await world.store.systemMessages.slice(undefined, 1000),
    await mailIn(world),
  ]);
  for (const { name, user, clientId, cookie, session } of world.clients.values()) {
    for (const secret of [user, clientId, cookie, session, `secret-of-${name}`]) {
      if (secret !== undefined && written.includes(secret))
        throw new Error(`"${secret}" was logged, counted or stored`);
    }
  }
  const failures = world.rig.log.filter(({ level }) => level === 'error');
  if (failures.length > 0) throw new Error(`the gateway failed: ${JSON.stringify(failures)}`);
}

/** Everything that the mailbox holds, sealed parts as the text that their bytes would be. */
async function mailIn({ store: { mailbox } }: World): Promise<unknown> {
  const messages = await mailbox.slice(undefined, 1000);
  const contents = await Promise.all(messages.map(({ id }) => mailbox.content(id)));
  const notifications = await mailbox.notifications.slice(undefined, 1000);
  const sealed = [
    ...messages.map(({ envelope }) => envelope),
    ...contents.flatMap((content) => content ?? []),
    ...notifications.map(({ content }) => content),
  ];
  return [messages, notifications, sealed.map((bytes) => Buffer.from(bytes).toString('latin1'))];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
