/**
 * The VASP and the gateway both have a hundred messages for one client: they take turns, so that both are through in at most
 * two hundred polls, each side's in their order, and Poll says in every answer whether more waits [X42, P8.2]. Over sockets,
 * in every version and encoding.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SPELLINGS } from '../gateway/messages.ts';
import { temporaryFolder } from '../main/running.ts';
import { GatewayProcess } from './gateway-process.ts';
import { Lanes } from './messages-lanes.ts';
import { type Heard, MessagesPhone, PHONE_PATH } from './messages-phone.ts';
import { MessagesVasp } from './messages-vasp.ts';

const COUNT = 100;
const OF_VASP = Array.from({ length: COUNT }, (_, index) => `VASP ${index + 1}`);
const OF_GATEWAY = Array.from({ length: COUNT }, (_, index) => `Gateway ${index + 1}`);

const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';
const notice = (index: number): string => `kind: on-line-service
id: notice-${index + 1}
version: 1
category: notification
trigger: { on: operator }
message: { en: "${OF_GATEWAY[index]}" }
`;

let vasp: MessagesVasp;
let gateway: GatewayProcess;
let lanes: Lanes;
const phones = new Map<string, MessagesPhone>();
const nameOf = ({ version, encoding }: (typeof SPELLINGS)[number]): string => `${version}-${encoding}`;

beforeAll(async () => {
  vasp = await MessagesVasp.listen();
  gateway = await GatewayProcess.start({
    directory: temporaryFolder(),
    vaspUrl: vasp.url,
    vasp: `paths: ["${PHONE_PATH}"]`,
    limits: `{ systemMessagesPerUser: ${COUNT} }`,
    policies: {
      'levels.yaml': LEVELS,
      ...Object.fromEntries(OF_GATEWAY.map((_, index) => [`notice-${index + 1}.yaml`, notice(index)])),
    },
  });
  lanes = new Lanes(gateway.port, 1);
  for (const spelling of SPELLINGS) {
    const phone = new MessagesPhone(`wv:${nameOf(spelling)}@im.example`, spelling, lanes);
    await phone.logIn('none');
    phones.set(nameOf(spelling), phone);
    vasp.write(phone.sessionId ?? '', OF_VASP);
  }
  for (const index of OF_GATEWAY.keys()) {
    // One after the other, so that each message of the operator's is behind the one before it.
    const users = [...phones.values()].map(({ user }) => user);
    await Promise.all(users.map((user) => gateway.call('POST', 'messages', { policy: `notice-${index + 1}`, user })));
  }
});

afterAll(async () => {
  lanes?.close();
  await gateway?.stop();
  await vasp?.close();
});

describe.each(SPELLINGS.map((spelling) => [nameOf(spelling)]))('%s', (name) => {
  test('both are through in at most 200 polls, in order, and Poll is right in every answer', async () => {
    const phone = phones.get(name);
    if (phone === undefined) throw new Error('nobody is logged in');
    const texts: string[] = [];
    const wrongPolls: string[] = [];
    const starved: string[] = [];
    let polls = 0;
    /** Reads an answer, and those of the acknowledgements that it leads to. */
    const read = async (heard: Heard): Promise<void> => {
      for (let answer = heard; ; answer = await phone.acknowledge(answer.received)) {
        if (answer.received !== undefined) texts.push(answer.received.text);
        const isMore = texts.length < 2 * COUNT;
        if (answer.poll !== undefined && answer.poll !== isMore)
          wrongPolls.push(`${answer.poll} behind ${texts.length}`);
        if (answer.received === undefined) return;
      }
    };
    while (texts.length < 2 * COUNT && polls < 3 * COUNT) {
      polls += 1;
      await read(await phone.poll());
      // Acknowledgements may bring the gateway's messages too, so that it may be ahead of its turns and never behind.
      for (const side of ['VASP', 'Gateway']) {
        const count = texts.filter((text) => text.startsWith(side)).length;
        if (count < Math.min(COUNT, Math.floor(polls / 2))) starved.push(`${side} has ${count} after ${polls} polls`);
      }
    }
    const after = await phone.poll();

    expect(texts.filter((text) => text.startsWith('VASP'))).toEqual(OF_VASP);
    expect(texts.filter((text) => text.startsWith('Gateway'))).toEqual(OF_GATEWAY);
    expect(polls).toBeLessThanOrEqual(2 * COUNT);
    expect(wrongPolls).toEqual([]);
    expect({ received: after.received, poll: after.poll ?? false }).toEqual({ received: undefined, poll: false });
    expect(starved).toEqual([]);
  });
});
