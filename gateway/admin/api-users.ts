/**
 * The part of the API about one user: what is kept, and forgetting it. The user id comes in the body, never in the path,
 * where proxies and logs would keep it.
 */
import { type ApiAnswer, type ApiRoute, badRequest } from './api.ts';
import { readFields } from './fields.ts';

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
}

/** What is answered as JSON, or a sentence that says what would be right. */
export type UserOutcome =
  | { readonly kind: 'done'; readonly json: unknown }
  | { readonly kind: 'refused'; readonly message: string };

export function userRoutes(actions: UserActions): readonly ApiRoute[] {
  return (['export', 'forget'] as const).map((action) => ({
    method: 'POST',
    path: `/api/v1/users/${action}`,
    needsToken: true,
    handle: async ({ body }) => {
      const read = readFields(body, { user: 'text', vasp: 'text', records: 'true' });
      if (read.kind === 'wrong') return badRequest(`${read.message} ${FORM}`);
      const { user, vasp, records } = read.fields;
      if (user === undefined) return badRequest(`No user is named. ${FORM}`);
      return answered(await actions[action]({ user, vasp, withRecords: records !== undefined }));
    },
  }));
}

const FORM =
  'Send {"user": ID}, "vasp" for one messaging service alone, and to forget the audit records too "records": true.';

const answered = (outcome: UserOutcome): ApiAnswer =>
  outcome.kind === 'done' ? { statusCode: 200, json: outcome.json } : badRequest(outcome.message);
