/**
 * What the gateway is told by its operator, as the program uses it: durations in milliseconds, sizes in bytes, paths
 * absolute, everything checked. `config/schema.ts` says how it is written, `config/load.ts` reads it. Nothing after the
 * start reads the environment or a configuration file again.
 */

/** Where a listener listens. Port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where this machine reaches what listens there, as it stands in a URL. */
export function authority({ host, port }: Address): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
}

/** What towards a VASP is not the same for all. */
export interface VaspConfig {
  /** The name in logs, metrics, policies and keyed hashes: changing it makes its users strangers. */
  readonly name: string;
  /** http or https, without credentials, query and trailing slash. */
  readonly url: string;
  /** Prefixes of client request paths that belong to it; whole segments. `/` takes every path. */
  readonly paths: readonly string[];
  /** Host names, lower case, without port, that belong to it; empty takes every host. `*.example.com` takes those below. */
  readonly hosts: readonly string[];
  /** Language of texts for users whose language nobody knows; a tag such as `en` or `pt-BR`. */
  readonly language: string;
  /** The domain that the VASP gives to user ids without one, lower case; undefined: nobody knows. */
  readonly domain: string | undefined;
  /** What the VASP is spoken to in; `same`: what the client uses. */
  readonly encoding: 'same' | 'xml' | 'wbxml';
  /** Globs (`*` is any text) of paths that are forwarded unread. */
  readonly passThrough: readonly string[];
  /** How long an answer may take, from the request's last byte to the answer's last byte. */
  readonly timeoutMillis: number;
  /** Connections to the VASP at most. */
  readonly connections: number;
  /** Requests that may wait for a connection; what comes beyond them is refused. */
  readonly waiting: number;
  /** How often a connection is opened to see whether the VASP is there; undefined: never. */
  readonly health: { readonly everyMillis: number } | undefined;
  /** Whether TransactionIDs of server-originated primitives are replaced by the gateway's [X6]. */
  readonly replaceTransactionIds: boolean;
  /** Hosts beside its own at which its CIR channels may be, lower case [X52]. */
  readonly cirHosts: readonly string[];
  /** CIR channels to it at most. */
  readonly cirConnections: number;
}

/** What is known better about some clients than their version says; the first match wins [X11]. */
export interface ClientOverride {
  /** Glob over the ClientID as the client sends it: its URL, or its MSISDN. */
  readonly client: string;
  readonly systemMessages: boolean;
}

/** The channels on which clients are called [X51]; what has no address is not served. */
export interface CirConfig {
  /** STCP. */
  readonly tcp: Address | undefined;
  /** Where SUDP's datagrams come from. */
  readonly udp: Address | undefined;
  /** The host that clients are told; undefined: the address that is listened on. */
  readonly advertise: string | undefined;
  /** Between two calls of a client whose VASP has no CIR channel that works. */
  readonly blindIntervalMillis: number;
}

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'lmdb'; readonly directory: string }
  /** Several machines may have the same. */
  | { readonly kind: 'redis'; readonly address: RedisAddress };

/** Where Redis is. `stores/redis/address.ts` says how it is written. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  /** At least one. Of a single server the only one. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Of a single server and of a group; 0 for a Cluster, which has no other. */
  readonly db: number;
  /** What the Sentinels call the group; empty for others. */
  readonly group: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Whether user and password are for the Sentinels too. */
  readonly isAuthOfSentinels: boolean;
  /** What all keys of this gateway begin with. */
  readonly prefix: string;
}

/** Where the keys come from. Keys in the environment are here as they are written, and hidden by `config print`. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'keys'; readonly text: string };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Certificate and key, PEM files. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
}

/** The headers in which operators' proxies tell a subscriber's number [P8], and whom they are believed from. */
export interface SubscriberNumberConfig {
  readonly headers: readonly string[];
  /** Addresses, or networks such as `10.0.0.0/8`. From everybody else the headers are removed. */
  readonly from: readonly string[];
}

/** Limits on everything that others may send or hold [reliability §6]. */
export interface Limits {
  /** Of a client's request. */
  readonly bodyBytes: number;
  /** Of a VASP's answer. */
  readonly answerBytes: number;
  /** Clients' connections at the same time. */
  readonly connections: number;
  /** Running at the same time in one process: above, new logins are refused; above a quarter more, every request. */
  readonly requests: number;
  /** Headers in one request. */
  readonly headers: number;
  /** All headers of one request together. */
  readonly headerBytes: number;
  /** For the headers of a request to arrive. */
  readonly headerTimeoutMillis: number;
  /** For a whole request to arrive. */
  readonly requestTimeoutMillis: number;
  /** For an idle connection. */
  readonly keepAliveTimeoutMillis: number;
  /** How long a session lives on after its keep-alive time, so that it is never gone before the client was told [X33]. */
  readonly sessionGraceMillis: number;
  /** How long a session lives unused when neither side named a keep-alive time. */
  readonly sessionIdleMillis: number;
  /** Sessions kept in memory in front of the store. */
  readonly cachedSessions: number;
  /** Negotiations remembered in memory: windows of resending and of wrong answers [X14], [X18]. */
  readonly negotiations: number;
  /** Clients' STCP connections at the same time. */
  readonly cirConnections: number;
  /** On-line System Messages that wait for delivery or an answer, of all users together. */
  readonly systemMessages: number;
  /** The same of one user; help messages that are kept in the inbox count apart, up to the same number. */
  readonly systemMessagesPerUser: number;
  /** Messages kept for users who are away, of all users together. */
  readonly mailboxMessages: number;
  /** How long clients are served on after readiness failed at a stop, so that a balancer has seen it. */
  readonly lingerMillis: number;
  /** For running requests to finish when the gateway stops. */
  readonly drainMillis: number;
}

/** The calls that an answer to an on-line message may lead to [policy-files §3]. */
export interface WebhooksConfig {
  /** URLs below which policies may name one: http or https, without credentials, query and trailing slash. */
  readonly allow: readonly string[];
  /** A file with the key that calls are signed with; there is one where anything is allowed. */
  readonly keyFile: string | undefined;
}

/** A way to reach users who are not logged in. Files are read when they are needed, so that they can be replaced at any time. */
export type BearerConfig =
  | ({ readonly kind: 'kannel' } & SmsBearerConfig)
  | ({
      readonly kind: 'smpp';
      /** Of the bind; at most 12 characters. */
      readonly systemType: string | undefined;
    } & SmsBearerConfig)
  | {
      readonly kind: 'webhook';
      readonly url: string;
      /** With the key that calls are signed with. */
      readonly keyFile: string;
    };

/** What is the same of those that send text messages to numbers. */
export interface SmsBearerConfig {
  /** Of the `sendsms` interface; of SMPP `smpp://HOST:PORT`, or `smpps://HOST:PORT` with TLS. */
  readonly url: string;
  /** Whom the gateway logs in as. */
  readonly userFile: string;
  readonly passwordFile: string;
  /** Number or name that the message comes from; undefined: what the other side puts there. */
  readonly from: string | undefined;
}

export interface Config {
  readonly listen: Address;
  /** The clients' listener speaks HTTPS; undefined: HTTP. */
  readonly tls: TlsConfig | undefined;
  readonly admin: Address;
  /** A file with the token that the admin API asks for before it changes or reads users. */
  readonly adminTokenFile: string | undefined;
  /** Directory of the policy files. */
  readonly policies: string;
  readonly store: StoreConfig;
  /** What becomes of a login whose user's acceptances nobody can read now. */
  readonly onStoreLoss: 'ask' | 'deny';
  readonly secret: SecretSource;
  /** Processes that serve clients; with 1, one process does everything. */
  readonly workers: number;
  /** Where users' browsers reach the gateway, without trailing slash. */
  readonly publicUrl: string | undefined;
  /** In the order of the file. Empty when the sandbox is the VASP. */
  readonly vasps: readonly VaspConfig[];
  /** No VASP is configured: the sandbox is to be started and stands as the VASP `sandbox`, language `en`, for every path. */
  readonly useSandbox: boolean;
  readonly cir: CirConfig;
  readonly clients: readonly ClientOverride[];
  readonly subscriberNumber: SubscriberNumberConfig;
  /** The status code that a Login-Response which asks carries [X12]. */
  readonly askingCode: number;
  /** The user id under which the gateway itself writes to users. */
  readonly serviceContact: string | undefined;
  readonly webhooks: WebhooksConfig;
  /** By the names that policies use. */
  readonly bearers: ReadonlyMap<string, BearerConfig>;
  /** A file with one user id a line: only they are provisioned [X22]. Undefined: everybody is. */
  readonly subscribersFile: string | undefined;
  /** Records of acceptance older than this are dropped; undefined keeps them for ever. */
  readonly audit: { readonly keepMillis: number | undefined };
  readonly limits: Limits;
  readonly log: { readonly level: LogLevel; readonly access: boolean };
}

/** The name under which the sandbox stands as a VASP. */
export const SANDBOX_NAME = 'sandbox';

/** The VASP that the sandbox is, once it listens at `url`. */
export function sandboxVasp(url: string): VaspConfig {
  return {
    ...SANDBOX_VASP,
    url,
    paths: ['/'],
    hosts: [],
    language: 'en',
    encoding: 'same',
    passThrough: [],
    timeoutMillis: 15_000,
    connections: 256,
    waiting: 1024,
    health: undefined,
    replaceTransactionIds: true,
    cirHosts: [],
    cirConnections: 20_000,
  };
}

/** The VASPs that there are: those configured, or the sandbox. */
export function vaspsOf({ useSandbox, vasps }: Pick<Config, 'useSandbox' | 'vasps'>): readonly VaspName[] {
  return useSandbox ? [SANDBOX_VASP] : vasps;
}

/** What makes users of a VASP known: its name, and the domain of ids without one. */
export type VaspName = Pick<VaspConfig, 'name' | 'domain'>;

const SANDBOX_VASP: VaspName = { name: SANDBOX_NAME, domain: SANDBOX_NAME };
