/**
 * An operator's wish that users be asked again although they accepted: an acceptance that is older than the wish does not
 * count. Users are known to stores by keyed hashes alone, so a glob is held against the id of whoever logs in.
 */
import { matchesUser } from './decide.ts';
import type { Glob } from './model.ts';
import { readUserId } from './user-id.ts';

export interface AskAgain {
  /** Undefined: every policy. */
  readonly policy: string | undefined;
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
  readonly users: Glob;
  /** Wall-clock milliseconds: what was accepted before counts no longer. */
  readonly at: number;
}

/** Whether what a user accepted still counts. */
export function stillCounts(
  wishes: readonly AskAgain[],
  accepted: { readonly policy: string; readonly acceptedAt: number },
  login: { readonly userId: string; readonly vasp: string },
): boolean {
  return !wishes.some(
    ({ policy, vasp, users, at }) =>
      accepted.acceptedAt < at &&
      (policy === undefined || policy === accepted.policy) &&
      (vasp === undefined || vasp === login.vasp) &&
      matchesUser(users, readUserId(login.userId)),
  );
}
