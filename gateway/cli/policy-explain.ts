/** `sapgw policy explain`: what one login would be asked, why, and what would follow from each choice. */
import type { CspVersion, Encoding } from '../csp/versions.ts';
import type { ConditionVerdict } from '../policy/decide.ts';
import { describeServices } from '../policy/describe.ts';
import { explainLogin, type LoginExplained, type PolicyExplained, type RulingShown } from '../policy/explain.ts';
import {
  explainOffLineUser,
  type OffLineUserExplained,
  type WaitingStanding,
} from '../policy/explain-off-line-user.ts';
import { explainOnLine, type OnLineExplained } from '../policy/explain-on-line.ts';
import type { LoginFacts, PolicySet } from '../policy/model.ts';
import { DEFAULT_TEST_CLIENT, DEFAULT_TEST_VASP } from '../policy/test-case.ts';
import type { Acceptance } from '../ports.ts';
import { nearest } from '../yaml/nearest.ts';
import {
  EXIT_UNREADABLE,
  gatewayOf,
  type Print,
  readValidSet,
  type Terminal,
  type VaspFlags,
} from './policy-command.ts';

/** An acceptance as it is given on the command line; without a time it is of just now. */
export interface RememberedFlag {
  readonly policy: string;
  readonly version: number;
  readonly option: string | undefined;
  readonly at: number | undefined;
}

export interface ExplainFlags extends VaspFlags {
  readonly user: string;
  readonly client?: string;
  readonly csp?: CspVersion;
  readonly encoding?: Encoding;
  readonly vasp?: string;
  readonly language?: string;
  /** Wall-clock milliseconds. */
  readonly at?: number;
  readonly remembered?: readonly RememberedFlag[];
  readonly systemMessages?: boolean;
  /** How many messages are kept for the user. */
  readonly messagesWaiting?: number;
  readonly json?: boolean;
}

export async function explain(directory: string, flags: ExplainFlags, terminal: Terminal): Promise<number> {
  const gateway = await gatewayOf(flags, terminal);
  if (typeof gateway === 'number') return gateway;
  const set = await readValidSet(directory, terminal, gateway);
  if (typeof set === 'number') return set;
  const now = flags.at ?? terminal.now();
  const login: LoginFacts = {
    userId: flags.user,
    clientId: flags.client ?? DEFAULT_TEST_CLIENT,
    vasp: flags.vasp ?? gateway.vasps?.[0] ?? DEFAULT_TEST_VASP,
    version: flags.csp ?? '1.3',
    encoding: flags.encoding ?? 'xml',
    language: flags.language,
  };
  const accepted = acceptancesOf(flags.remembered ?? [], set, now);
  if (typeof accepted === 'string') {
    terminal.printError(accepted);
    return EXIT_UNREADABLE;
  }
  const knowsSystemMessages = flags.systemMessages ?? login.version === '1.3';
  const messagesWaiting = flags.messagesWaiting ?? 0;
  const input = { set, login, knowsSystemMessages, messagesWaiting, now };
  const explained = explainLogin({ ...input, accepted }, terminal.judge);
  const onLine = set.onLine.map((policy) => explainOnLine(policy, login, now));
  const offLineUser = set.offLineUser.map((policy) => explainOffLineUser(policy, input));
  if (flags.json === true) {
    const asked = { ...login, knowsSystemMessages, messagesWaiting, at: new Date(now).toISOString() };
    terminal.print(JSON.stringify({ hash: set.hash, login: asked, ...explained, onLine, offLineUser }, null, 2));
  } else {
    terminal.print(headline(login, knowsSystemMessages, now));
    printExplained(set, explained, terminal.print);
    for (const policy of onLine) printOnLine(policy, terminal.print);
    for (const policy of offLineUser) printOffLineUser(policy, terminal.print);
  }
  return 0;
}

function acceptancesOf(flags: readonly RememberedFlag[], set: PolicySet, now: number): readonly Acceptance[] | string {
  const ids = set.policies.map(({ id }) => id);
  const unknown = flags.find(({ policy }) => !ids.includes(policy));
  if (unknown !== undefined) {
    const near = nearest(unknown.policy, ids);
    const meant = near === undefined ? `the folder has ${ids.join(', ') || 'none'}` : `did you mean ${near}?`;
    return `--remembered: no policy has the id ${unknown.policy}; ${meant}`;
  }
  return flags.map(({ policy, version, option, at }) => ({ policy, version, option, acceptedAt: at ?? now }));
}

function headline({ userId, clientId, vasp, version, encoding, language }: LoginFacts, knows: boolean, now: number) {
  const reads = language === undefined ? 'language unknown' : `reads ${language}`;
  const system = knows ? 'knows System Messages' : 'does not know System Messages';
  return `${userId} at ${vasp}, ${reads}\nby ${clientId}, CSP ${version} in ${encoding}, which ${system}\nat ${new Date(now).toISOString()}`;
}

function printExplained(set: PolicySet, explained: LoginExplained, print: Print): void {
  for (const policy of explained.policies) printPolicy(policy, print);
  print('');
  if (!explained.policies.some(({ applies }) => applies) && explained.outcome.kind === 'forward') {
    print(`No policy concerns this login: it gets the default level, ${explained.defaultLevel}`);
  }
  print(`The login ${explained.outcome.kind === 'forward' ? '' : 'is '}${explained.outcome.says}`);
  if (explained.choices.length > 0) {
    print(explained.isEveryCombination ? 'By choice:' : 'By choice, the other questions accepted:');
    for (const { answers, outcome } of explained.choices) print(`  ${answersOf(answers)}: ${outcome.says}`);
    for (const { policy, outcome } of explained.unanswered) {
      print(`  ${policy} never answered, the others accepted: ${outcome.says}`);
    }
  }
  print(`Without System Messages: ${explained.withoutSystemMessages.says}`);
  print(
    `The default level, of a login that no policy concerns: ${set.defaultLevel.name} (${describeServices(set.defaultLevel.set)})`,
  );
}

const answersOf = (answers: Readonly<Record<string, string | null>>): string =>
  Object.entries(answers)
    .map(([policy, option]) => `${policy} ${option ?? 'acknowledged'}`)
    .join(', ');

function printPolicy(policy: PolicyExplained, print: Print): void {
  const { id, version, purpose, order, mode, applies, conditions, standing } = policy;
  const observed = mode === 'observe' ? ', only observed' : '';
  print('');
  print(
    `${id} version ${version}, ${purpose}, order ${order}${observed}: ${applies ? `applies, ${told(standing)}` : 'does not apply'}`,
  );
  printConditions(conditions, print);
  if (!applies) return;
  print(`  ${policy.language}: ${policy.text}`);
  if (policy.verification !== undefined) print(`      ${policy.verification}`);
  for (const { number, id: option, text, leadsTo } of policy.options) {
    print(`    ${number} ${text} (${option}): ${rulingOf(leadsTo)}`);
  }
  print(`  not answered in time: ${rulingOf(policy.onTimeout)}`);
  print(`  without System Messages: ${rulingOf(policy.withoutSystemMessages)}`);
}

function printOnLine(policy: OnLineExplained, print: Print): void {
  const { id, version, category, sent, applies, conditions, need, persistence, silence } = policy;
  print('');
  print(`${id} version ${version}, ${category} in a session: ${applies ? `sent ${sent}` : 'does not apply'}`);
  printConditions(conditions, print);
  if (!applies) return;
  print(`  ${policy.language}: ${policy.text}`);
  for (const { number, id: option, text, does } of policy.options) print(`    ${number} ${text} (${option}): ${does}`);
  print(`  ${need}; ${persistence}`);
  print(`  not answered in that time: ${silence}`);
}

const WAITING: Readonly<Record<WaitingStanding, string>> = {
  asked: 'asked',
  'nothing-waits': 'not asked, no message waits',
  'cannot-be-asked': 'let in unasked, because the phone does not know System Messages',
  another: 'not asked, because a policy that comes before it asks',
  'does-not-apply': 'not asked, because it does not apply',
  'asks-nothing': 'not asked, because it has no atLogin',
};

const KEEPING: Readonly<Record<OffLineUserExplained['keeps'], string>> = {
  yes: 'keeps messages while the user is away',
  another: 'keeps no messages, because a policy that comes before it does',
  'does-not-apply': 'keeps no messages, because it does not apply to the user',
};

function printOffLineUser(policy: OffLineUserExplained, print: Print): void {
  const { id, version, order, keeps, standing, conditions, keep, storeOn, notification, question } = policy;
  print('');
  print(`${id} version ${version}, off-line-user, order ${order}: ${KEEPING[keeps]}; ${WAITING[standing]}`);
  printConditions(conditions, print);
  if (keeps === 'yes') print(`  keeps ${keep}, when the service says ${storeOn}`);
  if (keeps === 'yes' && notification !== undefined) {
    print(`  told ${notification.how}: ${notification.language}: ${notification.text}`);
  }
  if (question === undefined || standing === 'does-not-apply') return;
  print(`  ${question.language}: ${question.text}`);
  for (const { number, id: option, text, leadsTo } of question.options) {
    print(`    ${number} ${text} (${option}): ${rulingOf(leadsTo)}`);
  }
}

function printConditions(conditions: readonly ConditionVerdict[], print: Print): void {
  for (const { condition, holds, detail } of conditions) print(`  ${holds ? 'yes' : 'NO '} ${condition}: ${detail}`);
  if (conditions.length === 0) print('  yes it concerns everybody');
}

const STANDINGS: Readonly<Record<string, string>> = {
  asked: 'asked',
  'on-page': 'asked on the page of the gateway',
  'in-conversation': 'asked in a conversation with the service contact',
  remembered: 'accepted before, not asked',
  'cannot-ask': 'cannot be asked',
  observed: 'counted, not asked',
};

const told = (standing = ''): string => STANDINGS[standing] ?? standing;

function rulingOf(ruling: RulingShown): string {
  if (ruling.kind === 'grant') return `grants ${ruling.level}`;
  if (ruling.kind === 'deny') return `denies: ${ruling.text}`;
  return ruling.kind === 'proceed' ? 'lets in' : 'asks in a conversation with the service contact';
}
