/**
 * Many phones at a steady rate before one or several nodes: some come, are asked, do a few things and go; some stay and write;
 * some are mostly away and fetch what was kept for them. Every answer is looked at, every wait is measured, and in the end it
 * is known of each message what became of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import { chargePolicies } from '../load/charge-policies.ts';
import type { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { randomFractions } from '../random.ts';
import { Fetcher, type Person, Visitor, Writer } from './travellers.ts';

/** Every user who logs in is asked about the charge; messages for users `wv:away-…` are kept. */
export const trafficPolicies = (ask: 'on-change' | 'every-login'): Readonly<Record<string, string>> => ({
  ...chargePolicies('2m', [`ask: ${ask}`, 'withoutSystemMessages: { grant: full }']),
  'waiting.yaml': `kind: off-line-user
id: waiting
applies: { users: ["wv:away-*"] }
keep: { messages: 5000, bytes: 10MiB, for: 7d }
storeOn: [533]
`,
});

export interface TrafficPlan {
  readonly port: number;
  readonly vasp: MailboxVasp;
  /** Requests of all together. */
  readonly perSecond: number;
  readonly people: { readonly visitors: number; readonly writers: number; readonly fetchers: number };
  readonly seed: number;
  /** The store may fail meanwhile: who is told to try again later does so, and may be asked once more. */
  readonly isTolerant: boolean;
  /** Whether users are asked at every login, or once. */
  readonly asksAlways: boolean;
}

/** A message of which its sender heard that it is taken. */
export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** What all of them share. */
export interface World {
  readonly plan: TrafficPlan;
  readonly lanes: Lanes;
  readonly random: () => number;
  readonly names: { readonly writers: readonly string[]; readonly fetchers: readonly string[] };
  readonly sent: Sent[];
  /** What nobody should have been told; the first few are enough. */
  readonly wrong: string[];
  /** How often each user has accepted what was asked. */
  readonly accepted: Map<string, number>;
  /** The store fails, or has failed a moment ago. */
  readonly storeFails: () => boolean;
  /** Codes that a failing store excuses, with how often. */
  readonly excused: Map<string, number>;
}

/** How long one request was not answered. */
export interface Wait {
  readonly millis: number;
  /** When it began, on the clock of `performance`. */
  readonly at: number;
  readonly primitive: string;
}

const NO_WAIT: Wait = { millis: 0, at: 0, primitive: '' };
const LANES = 160;
const MOST_WRONG = 12;
const PATIENCE_MILLIS = 10_000;

export class Traffic {
  /** To be set while the store fails, and until what was asked before has been answered. */
  storeFails = false;
  readonly #world: World;
  readonly #lanes: MeasuredLanes;
  readonly #people: readonly Person[];
  readonly #vaspLogins = new Map<string, number>();
  readonly #startedAt = performance.now();

  constructor(plan: TrafficPlan) {
    const { people, seed, vasp } = plan;
    this.#lanes = new MeasuredLanes(plan.port, LANES, plan.perSecond);
    const wrong: string[] = [];
    const named = (prefix: string, count: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `wv:${prefix}-${index}@im.example`);
    const names = { writers: named('stays', people.writers), fetchers: named('away', people.fetchers) };
    this.#world = {
      plan,
      lanes: this.#lanes,
      random: randomFractions(seed),
      names,
      sent: [],
      wrong,
      accepted: new Map(),
      storeFails: () => this.storeFails,
      excused: new Map(),
    };
    vasp.onLogin = (user) => {
      const times = (this.#vaspLogins.get(user) ?? 0) + 1;
      this.#vaspLogins.set(user, times);
      const accepted = this.#world.accepted.get(user) ?? 0;
      const isDue = plan.asksAlways ? times <= accepted : accepted > 0;
      if (!isDue) wrong.push(`${user} reached the VASP ${times} times, accepted ${accepted} times`);
    };
    this.#people = [
      ...Array.from({ length: people.visitors }, (_, index) => new Visitor(index, this.#world)),
      ...names.writers.map((name) => new Writer(name, this.#world)),
      ...names.fetchers.map((name) => new Fetcher(name, this.#world)),
    ];
  }

  /** Resolves when those who stay are there, and everybody has begun. */
  async begin(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.arrive()));
    for (const person of this.#people) person.begin();
  }

  /** Resolves after so many requests more, or at the first thing that is wrong. */
  async goOn(requests: number): Promise<void> {
    const enough = this.requests + requests;
    while (this.requests < enough && this.#world.wrong.length === 0) await sleep(20);
  }

  /** The longest wait since the last time that this was asked. */
  longestWait(): Wait {
    const { waits } = this.#lanes;
    this.#lanes.waits = [];
    return waits.reduce((longest, one) => (one.millis > longest.millis ? one : longest), NO_WAIT);
  }

  get requests(): number {
    return this.#lanes.requests;
  }

  get perSecond(): number {
    return this.requests / ((performance.now() - this.#startedAt) / 1000);
  }

  get excused(): ReadonlyMap<string, number> {
    return this.#world.excused;
  }

  /** Everybody finishes, everything that was kept is fetched; resolves with what was wrong, and how much there was. */
  async end(): Promise<{ readonly wrong: readonly string[]; readonly sent: number; readonly kept: number }> {
    await Promise.all(this.#people.map((person) => person.stop()));
    const until = performance.now() + PATIENCE_MILLIS;
    let missing = this.#missing();
    while (missing.length > 0 && performance.now() < until) {
      await Promise.all(this.#people.map((person) => person.fetchAll()));
      missing = this.#missing();
      if (missing.length > 0) await sleep(100);
    }
    this.#lanes.end();
    const { wrong, sent } = this.#world;
    const { strays } = this.#world.plan.vasp;
    const all = [...wrong, ...missing, ...this.#doubled(), ...strays.map((name) => `the VASP was told: ${name}`)];
    const taken = this.#taken();
    return {
      wrong: all.slice(0, MOST_WRONG),
      sent: sent.length,
      kept: sent.filter(({ text }) => !taken.has(text)).length,
    };
  }

  #taken(): ReadonlyMap<string, number> {
    const taken = new Map<string, number>();
    for (const { text } of this.#world.plan.vasp.taken) taken.set(text, (taken.get(text) ?? 0) + 1);
    return taken;
  }

  /** Kept messages that nobody has got yet; what the VASP took for somebody who went is the VASP's. */
  #missing(): readonly string[] {
    const taken = this.#taken();
    const got = new Set(this.#people.flatMap(({ got }) => [...got.keys()]));
    return this.#world.sent
      .filter(({ text, to }) => !got.has(text) && (!taken.has(text) || this.#world.names.writers.includes(to)))
      .map(({ text }) => `lost: ${text}`);
  }

  #doubled(): readonly string[] {
    const taken = this.#taken();
    const twice = [...taken].filter(([, times]) => times > 1).map(([text]) => `twice at the VASP: ${text}`);
    const again = this.#people.flatMap(({ got }) =>
      [...got].flatMap(([text, { ids, again, story }]) => {
        if (ids.size > 1) return [`under ${ids.size} ids: ${text}`];
        return again > 0 ? [`came again after its acknowledgement: ${text}: ${story.join(', ')}`] : [];
      }),
    );
    return [...twice, ...again];
  }
}

/** Lets requests go at an even pace, and measures how long each waits for its answer. */
class MeasuredLanes extends Lanes {
  requests = 0;
  waits: Wait[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, count: number, perSecond: number) {
    super(port, count);
    let at = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      // What could not be used soon is not made up for later.
      due = Math.min(due + ((now - at) * perSecond) / 1000, perSecond / 10);
      at = now;
      for (; due >= 1 && this.#waiting.length > 0; due--) this.#waiting.shift()?.();
    }, 5);
  }

  override async send(path: string, contentType: string, body: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.requests += 1;
    const began = performance.now();
    const { transactions } = scanEnvelope(body, encodingOfContentType(contentType) ?? 'xml');
    try {
      return await super.send(path, contentType, body);
    } finally {
      const millis = performance.now() - began;
      this.waits.push({ millis, at: began, primitive: transactions[0]?.primitive ?? '' });
    }
  }

  end(): void {
    clearInterval(this.#timer);
    this.close();
  }
}
