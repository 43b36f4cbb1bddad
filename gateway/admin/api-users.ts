/**
 * The part of the API about one user: what is kept, and forgetting it. The user id comes in the body, never in the path,
 * where proxies and logs would keep it.
 */
import { type ApiAnswer, type ApiRoute, badRequest } from './api.ts';
import { readFields } from './fields.ts';

export interface UserActions {
  /** Everything that is kept about a user, at one VASP or at all of them. */
  export(userId: string, vasp: string | undefined): Promise<UserOutcome>;
  /** Forgets it; resolves with what was removed. */
  forget(userId: string, vasp: string | undefined): Promise<UserOutcome>;
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
      const read = readFields(body, { user: 'text', vasp: 'text' });
      if (read.kind === 'wrong') return badRequest(`${read.message} ${FORM}`);
      const { user, vasp } = read.fields;
      return user === undefined ? badRequest(`No user is named. ${FORM}`) : answered(await actions[action](user, vasp));
    },
  }));
}

const FORM = 'Send {"user": ID}, and "vasp" for one messaging service alone.';

const answered = (outcome: UserOutcome): ApiAnswer =>
  outcome.kind === 'done' ? { statusCode: 200, json: outcome.json } : badRequest(outcome.message);
