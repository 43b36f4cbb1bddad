/**
 * Sample logins, one a line, to be judged under two policy sets: a user id and, where they matter, the client, the version
 * of CSP and the language. Blanks or commas stand between; `-` leaves one out; `#` begins a comment.
 */
import { CSP_VERSIONS } from '../csp/versions.ts';
import { applicablePolicies } from './decide.ts';
import { type OutcomeShown, shown } from './explain.ts';
import type { LoginFacts, PolicySet } from './model.ts';
import { DEFAULT_TEST_CLIENT, DEFAULT_TEST_VASP } from './test-case.ts';
import { askedOf, type Judge, type JudgeOutcome } from './test-run.ts';

export type SampleLogin =
  | { readonly kind: 'login'; readonly login: LoginFacts }
  | { readonly kind: 'wrong'; readonly line: number; readonly message: string };

/** The logins of a file, and what is wrong in it by line from 1. */
export function readSampleLogins(text: string, vasp = DEFAULT_TEST_VASP): readonly SampleLogin[] {
  return text.split(/\r?\n/).flatMap((written, index): readonly SampleLogin[] => {
    const line = written.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') return [];
    const fields = line.split(/\s*[,\s]\s*/).map((field) => (field === '-' ? undefined : field || undefined));
    const [userId, clientId, csp = '1.3', language] = fields;
    const version = CSP_VERSIONS.find((known) => known === csp);
    const wrong = (message: string): readonly SampleLogin[] => [{ kind: 'wrong', line: index + 1, message }];
    if (userId === undefined) return wrong('a line begins with a user id, such as wv:alice@im.example');
    if (version === undefined)
      return wrong(`the third column is the version of CSP: ${CSP_VERSIONS.join(', ')}, not ${csp}`);
    if (fields.length > 4) return wrong('a line has at most four columns: user, client, csp, language');
    const login = {
      userId,
      clientId: clientId ?? DEFAULT_TEST_CLIENT,
      vasp,
      version,
      encoding: 'xml',
      language,
    } as const;
    return [{ kind: 'login', login }];
  });
}

export interface LoginCompared {
  readonly user: string;
  readonly client: string;
  readonly csp: string;
  readonly language: string | undefined;
  readonly before: OutcomeShown;
  readonly after: OutcomeShown;
  /** Whether the client would see the same, to the letter. */
  readonly same: boolean;
}

/** A first login of somebody who has accepted nothing, under both sets. */
export function compareLogin(
  before: PolicySet,
  after: PolicySet,
  login: LoginFacts,
  judge: Judge,
  now: number,
): LoginCompared {
  const [was, is] = [judgeFirst(before, login, judge, now), judgeFirst(after, login, judge, now)];
  const { userId: user, clientId: client, version: csp, language } = login;
  return {
    user,
    client,
    csp,
    language,
    before: shown(before, was),
    after: shown(after, is),
    same: seenOf(was) === seenOf(is),
  };
}

function judgeFirst(set: PolicySet, login: LoginFacts, judge: Judge, now: number): JudgeOutcome {
  const policies = applicablePolicies(set, login, now);
  const knowsSystemMessages = login.version === '1.3';
  return judge({ set, policies, login, knowsSystemMessages, accepted: [], answers: new Map(), now });
}

/** All that the client notices. */
function seenOf(outcome: JudgeOutcome): string {
  const told = outcome.kind === 'deny' ? [outcome.code, outcome.description] : [];
  return JSON.stringify([outcome.kind, told, askedOf(outcome), outcome.kind === 'forward' ? outcome.granted : []]);
}
