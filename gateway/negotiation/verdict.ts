/** What deciding about a login takes in, and what it gives: to forward, ask, converse or deny, and what to remember. */
import type { ServiceSet } from '../csp/service-tree.ts';
import type { SystemMessage } from '../csp/system-message.ts';
import type { LoginFacts, OffLinePolicy, PolicySet } from '../policy/model.ts';
import type { Acceptance } from '../ports.ts';
import type { JudgedAnswer } from './answers.ts';
import type { Decision } from './decision.ts';
import type { How } from './standing.ts';
import type { Ending, NegotiationWindow } from './window.ts';

export interface LoginAttempt {
  readonly facts: LoginFacts;
  /** The set that the login is decided under. */
  readonly set: PolicySet;
  /** Those of the set's questions that concern this login, in order. */
  readonly policies: readonly OffLinePolicy[];
  readonly knowsSystemMessages: boolean;
  /** What this user accepted earlier at this VASP. */
  readonly accepted: readonly Acceptance[];
  readonly answers: readonly JudgedAnswer[];
  /** How many messages are kept for the user, where a question may tell it. */
  readonly messagesWaiting?: number | undefined;
  readonly window: NegotiationWindow;
  /** Short form of the cookie's key. */
  readonly cookie: string;
  /** Preferred languages, best first. */
  readonly languages: readonly (string | undefined)[];
  /** Where users reach the gateway's pages, without trailing slash. */
  readonly publicUrl: string;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Makes the SystemMessageID for a policy's message in a language. */
  readonly issue: (policy: OffLinePolicy, languageIndex: number) => string;
}

/** How one policy stood in this login, to tell about it. */
export interface PolicyStanding {
  readonly policy: string;
  readonly outcome: How | 'asked' | 'wrong-answers' | 'observed';
}

/** What a question came to, as it is counted. Every one that went out ends in one of these, once. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly outcome:
    | How
    | Ending
    | 'wrong-answers'
    /** Answered, and the VASP accepted the login. */
    | 'accepted'
    /** Answered, and the VASP did not accept the login. */
    | 'login-refused'
    /** Would have been asked, were the policy enforced. */
    | 'observed';
}

interface VerdictBase {
  /** Tokens that this verdict uses up; a forwarded login's only once the VASP accepted it. */
  readonly tokens: readonly string[];
  readonly outcomes: readonly PolicyStanding[];
  /** What has come to its end by this verdict, to be counted. */
  readonly ended: readonly PolicyOutcome[];
  /** What to remember of this user and client until the next login. */
  readonly window: NegotiationWindow;
}

export interface ForwardVerdict extends VerdictBase {
  readonly kind: 'forward';
  readonly granted: ServiceSet;
  /** Names of the levels that were granted, for logs and records. */
  readonly levels: readonly string[];
  /** To be remembered when, and only when, the VASP accepts the login [X19]. */
  readonly remember: readonly Acceptance[];
  /** To be recorded then. */
  readonly decisions: readonly Decision[];
  /** How long a second phase passes on what was decided now [X17]; 0 when nothing was. */
  readonly passMillis: number;
}

export interface AskVerdict extends VerdictBase {
  readonly kind: 'ask';
  readonly description: string;
  readonly messages: readonly SystemMessage[];
}

/** The gateway opens a session of its own and asks there [X21]. */
export interface ConverseVerdict extends VerdictBase {
  readonly kind: 'converse';
  /** The set that the questions are of. */
  readonly set: PolicySet;
  /** In the order in which they are asked. */
  readonly policies: readonly OffLinePolicy[];
}

export interface DenyVerdict extends VerdictBase {
  readonly kind: 'deny';
  readonly code: number;
  readonly description: string;
  /** The policy that denied. */
  readonly policy: string;
  /** `on-page`: denied for now, the questions wait on the gateway's page [X21]. */
  readonly how: How | 'wrong-answers' | 'on-page';
}

export type LoginVerdict = ForwardVerdict | AskVerdict | ConverseVerdict | DenyVerdict;
