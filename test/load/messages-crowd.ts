/**
 * Many phones whose users are told things, with minds that a seed decides: nine in ten know System Messages, the others are
 * asked in a conversation, both encodings in either. Most are called by datagrams, all at one socket; the others poll by a
 * wheel. What the whole crowd was told, acknowledged and answered is what the gateway's report has to say.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomFractions } from '../random.ts';
import { Lanes } from './messages-lanes.ts';
import { Person, type Told } from './messages-person.ts';
import { MessagesPhone } from './messages-phone.ts';

export interface CrowdPlan {
  readonly port: number;
  readonly phones: number;
  /** Users are `wv:NAME-1@im.example` and so on. */
  readonly name: string;
  readonly seed: number;
  /** Texts of the options of every question; a phone always chooses the same one. */
  readonly options: readonly string[];
  /** The share of users that never answers. */
  readonly silent: number;
  /** How long a user thinks at most. */
  readonly thinkingMillis: number;
  /** A phone polls within this time after it was called, as the network and the phone have it. */
  readonly reactionMillis: number;
  /** One in so many has no CIR and polls by the wheel; 1: all of them. */
  readonly onWheel: number;
  /** Between two polls of a phone on the wheel. */
  readonly wheelMillis: number;
  readonly connections: number;
}

export interface CrowdTotals {
  readonly phones: number;
  /** Messages that reached a phone, each once. */
  readonly received: number;
  readonly repeated: number;
  readonly acknowledged: number;
  readonly afterAcknowledgement: number;
  readonly confirmed: number;
  /** By the option's place, from 1. */
  readonly options: Readonly<Record<string, number>>;
  readonly refused: number;
  /** Messages that their users never answer. */
  readonly silent: number;
  readonly calls: number;
  readonly requests: number;
  /** What nothing explains; the first few. */
  readonly surprises: readonly string[];
}

const SURPRISES = 10;
const WHEEL_TURN_MILLIS = 5;
const DATAGRAM_BUFFER_BYTES = 4 * 2 ** 20;
const CALL = /^WVCI \S+ c-(\d+)$/;

export class Crowd {
  readonly people: readonly Person[];
  readonly surprises: string[] = [];
  readonly #plan: CrowdPlan;
  readonly #lanes: Lanes;
  readonly #socket: Socket;
  readonly #running = new Set<Promise<void>>();
  #wheel: NodeJS.Timeout | undefined;
  #calls = 0;

  private constructor(plan: CrowdPlan, socket: Socket) {
    const random = randomFractions(plan.seed);
    this.#plan = plan;
    this.#socket = socket;
    this.#lanes = new Lanes(plan.port, plan.connections);
    this.people = Array.from({ length: plan.phones }, (_, index) => {
      const spelling = {
        version: index % 10 === 9 ? '1.2' : '1.3',
        encoding: (index >> 1) % 2 === 0 ? 'xml' : 'wbxml',
      } as const;
      const choice = random() < plan.silent ? undefined : 1 + Math.floor(random() * plan.options.length);
      const thinkingMillis = (): number => random() * plan.thinkingMillis;
      const phone = new MessagesPhone(`wv:${plan.name}-${index + 1}@im.example`, spelling, this.#lanes);
      return new Person(phone, { choice, options: plan.options, thinkingMillis });
    });
    socket.on('message', (datagram) => {
      const person = this.people[Number(CALL.exec(datagram.toString('latin1'))?.[1] ?? -1)];
      this.#calls += 1;
      if (person === undefined) this.#surprise(`called by ${datagram.toString('latin1')}`);
      else this.#callSoon(person, random() * plan.reactionMillis);
    });
  }

  /** Logs everybody in, and has those agree on being called who are. */
  static async gather(plan: CrowdPlan): Promise<Crowd> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: DATAGRAM_BUFFER_BYTES });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const crowd = new Crowd(plan, socket);
    const waiting = crowd.people.entries();
    await Promise.all(
      Array.from({ length: plan.connections }, async () => {
        // One iterator for all: each takes the next.
        for (const [index, { phone }] of waiting) {
          await phone.logIn(`c-${index}`);
          if (index % plan.onWheel !== 0) await phone.agreeOnCalls(socket.address().port);
        }
      }),
    );
    return crowd;
  }

  #callSoon(person: Person, millis: number): void {
    if (millis === 0) this.#call(person);
    else setTimeout(() => this.#call(person), millis);
  }

  /** Phones without CIR poll from now on, evenly spread over the time between two polls. */
  turnWheel(): void {
    const onWheel = this.people.filter((_, index) => index % this.#plan.onWheel === 0);
    const startedAt = performance.now();
    let turned = 0;
    this.#wheel = setInterval(() => {
      const due = ((performance.now() - startedAt) / this.#plan.wheelMillis) * onWheel.length;
      for (; turned < due; turned += 1) {
        const person = onWheel[turned % onWheel.length];
        if (person !== undefined) this.#call(person);
      }
    }, WHEEL_TURN_MILLIS);
  }

  /** The gateway was started again and listens elsewhere. */
  moveTo(port: number): void {
    this.#lanes.moveTo(port);
  }

  totals(): CrowdTotals {
    const told = this.people.flatMap((person) => [...person.told.values()]);
    const options: Record<string, number> = {};
    for (const { confirmed } of told) if (confirmed !== undefined) options[confirmed] = (options[confirmed] ?? 0) + 1;
    const count = (has: (one: Told) => boolean): number => told.filter(has).length;
    const sum = (of: (one: Told) => number): number => told.reduce((all, one) => all + of(one), 0);
    return {
      phones: this.people.length,
      received: told.length,
      repeated: sum(({ times }) => times - 1),
      acknowledged: count(({ isAcknowledged }) => isAcknowledged),
      afterAcknowledgement: sum(({ again }) => again),
      confirmed: count(({ confirmed }) => confirmed !== undefined),
      options,
      refused: count(({ refused }) => refused !== undefined),
      silent: this.people.reduce((all, { mind, told: { size } }) => all + (mind.choice === undefined ? size : 0), 0),
      calls: this.#calls,
      requests: this.people.reduce((all, { requests }) => all + requests, 0),
      surprises: this.surprises,
    };
  }

  /** Finishes what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#wheel);
    await Promise.all(this.people.map((person) => person.stop()));
    await Promise.all(this.#running);
    this.#lanes.close();
    this.#socket.close();
  }

  #call(person: Person): void {
    const running = person
      .called()
      .catch((error: unknown) => this.#surprise(error instanceof Error ? error.message : 'an error'))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #surprise(what: string): void {
    if (this.surprises.length < SURPRISES) this.surprises.push(what);
  }
}
