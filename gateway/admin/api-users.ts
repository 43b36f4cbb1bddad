/**
 * The part of the API about one user: what is kept, messages and their levels of proof, and forgetting it. The user id
 * comes in the body, never in the path, where proxies and logs would keep it.
 */
import { type ApiAnswer, type ApiRoute, badRequest } from './api.ts';
import { type FieldKind, readFields } from './fields.ts';

export interface UserRequest {
  readonly user: string;
  /** Undefined: all of them. */
  readonly vasp: string | undefined;
  /** The content of the audit records goes too; the chain still verifies. */
  readonly withRecords: boolean;
}

export interface UserActions {
  /** Everything that is kept about a user. */
  export(request: UserRequest): Promise<UserOutcome>;
  /** Forgets it; resolves with what was removed and what stays. */
  forget(request: UserRequest): Promise<UserOutcome>;
  /** The messages to the user's sessions, and whether help messages are wanted. */
  messages(request: UserRequest): Promise<UserOutcome>;
}

/** What is answered as JSON, or a sentence that says what would be right. */
export type UserOutcome =
  | { readonly kind: 'done'; readonly json: unknown }
  | { readonly kind: 'refused'; readonly message: string };

interface BodyForm {
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** A sentence. */
  readonly says: string;
}

const USER: BodyForm = {
  fields: { user: 'text', vasp: 'text' },
  says: 'Send {"user": ID}, and "vasp" for one messaging service alone.',
};
const USER_AND_RECORDS: BodyForm = {
  fields: { user: 'text', vasp: 'text', records: 'true' },
  says: 'Send {"user": ID}, "vasp" for one messaging service alone, and to forget the audit records too "records": true.',
};
const ACTIONS = [
  ['export', USER_AND_RECORDS],
  ['forget', USER_AND_RECORDS],
  ['messages', USER],
] as const;

export function userRoutes(actions: UserActions): readonly ApiRoute[] {
  return ACTIONS.map(([action, { fields, says }]) => ({
    method: 'POST',
    path: `/api/v1/users/${action}`,
    needsToken: true,
    handle: async ({ body }) => {
      const read = readFields(body, fields);
      if (read.kind === 'wrong') return badRequest(`${read.message} ${says}`);
      const { user, vasp, records } = read.fields;
      if (user === undefined) return badRequest(`No user is named. ${says}`);
      return answered(await actions[action]({ user, vasp, withRecords: records !== undefined }));
    },
  }));
}

const answered = (outcome: UserOutcome): ApiAnswer =>
  outcome.kind === 'done' ? { statusCode: 200, json: outcome.json } : badRequest(outcome.message);
