/**
 * CIR in a gateway of several nodes [X51]: the node that holds a session's share looks after its channels to the VASP and says
 * when its client is called; the client's own connection may be at any node, which passes the calls on, and introduces its
 * clients anew when the share moves.
 */
import { sessionKeyOf } from '../chain/identity.ts';
import type { ClientChannel } from '../cir/client-calls.ts';
import type { CirHub } from '../cir/hub.ts';
import type { Cir } from '../cir-ports.ts';
import type { Secrets } from '../ports.ts';
import { shareOf } from '../shares.ts';
import { remoteCir } from '../workers/cir.ts';
import { AtHolder, type HolderParts, notHeld } from './at-holder.ts';

/** Where a client's connection is. */
export interface ChannelPlace {
  readonly node: string;
  readonly channel: number;
}

export type Attached = { readonly kind: 'attached'; readonly replaced: boolean } | { readonly kind: 'unknown' };

/** What every node does for sessions whose share it holds. */
interface CirService extends Cir {
  attach(sessionKey: string, sessionId: string, place: ChannelPlace): Promise<Attached>;
  detach(sessionKey: string, place: ChannelPlace): Promise<void>;
}

/** What every node does for clients that are connected to it. */
interface ChannelService {
  call(channel: number, text: string): Promise<void>;
  close(channel: number): Promise<void>;
}

const CHANNELS = 'cir-channels';
/** After which a holder who could not be asked is asked again. */
const AGAIN_MILLIS = 1_000;

/** A client's connection here. */
interface OwnChannel {
  readonly sessionId: string;
  readonly sessionKey: string;
  readonly channel: ClientChannel;
  /** Calls that came before the client was told that it is welcome. */
  early: string[] | undefined;
}

export interface HeldCirParts extends HolderParts {
  readonly hub: CirHub;
  readonly vasps: readonly string[];
  readonly secrets: Secrets;
  /** Rings a user's sessions at the other nodes. */
  readonly ringElsewhere: (userKey: string) => void;
}

export class HeldCir {
  /** For the chain; no method rejects. */
  readonly cir: Cir;
  readonly #parts: HeldCirParts;
  readonly #at: AtHolder<CirService>;
  readonly #own = new Map<number, OwnChannel>();
  readonly #numbers = new WeakMap<ClientChannel, number>();
  /** Connections of clients, here and at other nodes, whose sessions this node looks after. */
  readonly #attached = new Map<string, { readonly sessionKey: string; readonly channel: ClientChannel }>();
  /** The last introduction of each share's clients that is under way. */
  readonly #turns = new Map<number, symbol>();
  #next = 1;

  constructor(parts: HeldCirParts) {
    this.#parts = parts;
    const { nodes, hub, shares } = parts;
    this.#at = new AtHolder<CirService>(parts, 'cir', this.#held());
    nodes.onPeer(({ id, channel }) => {
      channel.serve<ChannelService>(CHANNELS, {
        call: async (number, text) => this.#call(number, text),
        close: async (number) => this.#own.get(number)?.channel.close(),
      });
      channel.onClose(() => this.#gone(id));
    });
    shares.onMoved((share) => void this.#introduce(share));
    nodes.onGap(() => this.#introduceAll());
    const of = <T>(key: string, question: (cir: CirService) => Promise<T>): Promise<T> =>
      this.#at.ask(shareOf(key), question);
    this.cir = remoteCir({
      opened: (key, cookie) => of(key, (cir) => cir.opened(key, cookie)),
      agreed: (session) => of(session.key, (cir) => cir.agreed(session)),
      heard: (session) => of(session.key, (cir) => cir.heard(session)),
      polled: (session) => of(session.key, (cir) => cir.polled(session)),
      ring: (key) => of(key, (cir) => cir.ring(key)),
      async ringUser(userKey) {
        parts.ringElsewhere(userKey);
        await hub.ringUser(userKey);
      },
      waits: (key) => of(key, (cir) => cir.waits(key)),
      ended: (key) => of(key, (cir) => cir.ended(key)),
    });
  }

  /** As {@link CirHub.attach}: a client said HELO on a connection to this node. */
  async attach(
    sessionId: string,
    channel: ClientChannel,
    ready: () => void,
  ): Promise<{ readonly key: string; readonly replaced: boolean } | undefined> {
    const { vasps, secrets } = this.#parts;
    for (const vasp of vasps) {
      const sessionKey = sessionKeyOf(secrets, vasp, sessionId);
      const number = this.#next++;
      const own: OwnChannel = { sessionId, sessionKey, channel, early: [] };
      this.#own.set(number, own);
      this.#numbers.set(channel, number);
      const attached = await this.#introduceOne(number, own).catch((): Attached => ({ kind: 'unknown' }));
      if (attached.kind === 'unknown') {
        this.#own.delete(number);
        continue;
      }
      ready();
      for (const text of own.early ?? []) channel.call(text);
      own.early = undefined;
      return { key: sessionKey, replaced: attached.replaced };
    }
    return undefined;
  }

  /** The connection is gone. */
  detach(sessionKey: string, channel: ClientChannel): void {
    const number = this.#numbers.get(channel);
    if (number === undefined || !this.#own.delete(number)) return;
    const place = { node: this.#parts.nodes.id, channel: number };
    this.#at.ask(shareOf(sessionKey), (cir) => cir.detach(sessionKey, place)).catch(() => undefined);
  }

  /** Another node looks after the share from now on. */
  letGo(share: number): void {
    this.#parts.hub.letGo((sessionKey) => shareOf(sessionKey) === share);
    for (const [name, { sessionKey }] of this.#attached) if (shareOf(sessionKey) === share) this.#attached.delete(name);
  }

  #held(): CirService {
    const { hub, shares } = this.#parts;
    const held = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
      const share = shareOf(key);
      if (!shares.isHeld(share)) throw notHeld(share);
      return work();
    };
    return {
      opened: (key, cookie) => held(key, () => hub.opened(key, cookie)),
      agreed: (session) => held(session.key, () => hub.agreed(session)),
      heard: (session) => held(session.key, () => hub.heard(session)),
      polled: (session) => held(session.key, () => hub.polled(session)),
      ring: (key) => held(key, () => hub.ring(key)),
      ringUser: (userKey) => hub.ringUser(userKey),
      waits: (key) => held(key, () => hub.waits(key)),
      ended: (key) => held(key, () => hub.ended(key)),
      attach: (key, sessionId, place) =>
        held(key, async () => {
          const attached = await hub.attachTo(key, sessionId, this.#channelAt(key, place), () => undefined);
          return attached === undefined ? { kind: 'unknown' } : { kind: 'attached', replaced: attached.replaced };
        }),
      detach: async (_key, place) => this.#detached(nameOf(place)),
    };
  }

  #detached(name: string): void {
    const attached = this.#attached.get(name);
    this.#attached.delete(name);
    if (attached !== undefined) this.#parts.hub.detach(attached.sessionKey, attached.channel);
  }

  #channelAt(sessionKey: string, place: ChannelPlace): ClientChannel {
    const name = nameOf(place);
    const known = this.#attached.get(name);
    if (known !== undefined) return known.channel;
    const channel = place.node === this.#parts.nodes.id ? this.#channelHere(place) : this.#channelThere(place);
    this.#attached.set(name, { sessionKey, channel });
    return channel;
  }

  #channelHere({ channel: number }: ChannelPlace): ClientChannel {
    return {
      call: (text) => this.#call(number, text),
      close: () => this.#own.get(number)?.channel.close(),
    };
  }

  #channelThere({ node, channel: number }: ChannelPlace): ClientChannel {
    const remote = () => this.#parts.nodes.peer(node)?.channel.remote<ChannelService>(CHANNELS);
    return {
      call: (text) =>
        void remote()
          ?.call(number, text)
          .catch(() => undefined),
      close: () =>
        void remote()
          ?.close(number)
          .catch(() => undefined),
    };
  }

  #call(number: number, text: string): void {
    const own = this.#own.get(number);
    if (own?.early === undefined) own?.channel.call(text);
    else own.early.push(text);
  }

  #introduceOne(number: number, { sessionId, sessionKey }: OwnChannel): Promise<Attached> {
    const place = { node: this.#parts.nodes.id, channel: number };
    return this.#at.ask(shareOf(sessionKey), (cir) => cir.attach(sessionKey, sessionId, place));
  }

  /** Clients that are connected here, to the one who looks after their sessions now: until he has heard of all. */
  async #introduce(share: number): Promise<void> {
    const turn = Symbol('turn');
    this.#turns.set(share, turn);
    const left = [...this.#own].filter(([, { sessionKey }]) => shareOf(sessionKey) === share);
    for (let next = left[0]; next !== undefined; next = left[0]) {
      const [number, own] = next;
      const attached = this.#own.has(number)
        ? await this.#introduceOne(number, own).catch(() => undefined)
        : ({ kind: 'gone' } as const);
      if (this.#turns.get(share) !== turn) return;
      if (attached === undefined) {
        await this.#parts.pause(AGAIN_MILLIS);
        if (this.#turns.get(share) !== turn) return;
        continue;
      }
      left.shift();
      // Its session is over: a client that believes otherwise connects again, and is told. One that is being looked for may be
      // of another VASP.
      if (attached.kind === 'unknown' && this.#own.has(number) && own.early === undefined) own.channel.close();
    }
    this.#turns.delete(share);
  }

  /** Whoever could not hear this node may have taken it for gone, with the connections of its clients. */
  #introduceAll(): void {
    const shares = new Set([...this.#own.values()].map(({ sessionKey }) => shareOf(sessionKey)));
    for (const share of shares) void this.#introduce(share);
  }

  /** A node is gone, with the connections of its clients. */
  #gone(node: string): void {
    for (const name of [...this.#attached.keys()]) if (name.startsWith(`${node} `)) this.#detached(name);
  }
}

const nameOf = ({ node, channel }: ChannelPlace): string => `${node} ${channel}`;
