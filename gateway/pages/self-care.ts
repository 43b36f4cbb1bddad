/**
 * The self-care page: a user turns help messages on and off, and reads and removes those that are kept. Its address is told
 * by the service contact and is good for a day. Showing changes nothing, because programs that look for harmful links
 * open every address first; a change is answered with 303, so that reloading the page does not repeat it.
 */
import {
  isSelfCareFormToken,
  readSelfCareToken,
  type SelfCareUser,
  selfCareFormToken,
} from '../chain/self-care-token.ts';
import type { SelfCare } from '../desk/self-care.ts';
import type { Clock, Secrets } from '../ports.ts';
import type { Wanted } from './entries.ts';
import { type Form, only } from './form.ts';
import { html } from './html.ts';
import { noticePage, type PageView } from './notices.ts';
import { queryOf, SELF_CARE_FIELD, selfCareView } from './self-care-view.ts';
import { type SelfCareWords, selfCareWordsFor } from './self-care-words.ts';
import type { Words } from './words.ts';

export interface SelfCareParts {
  /** Names of all that are configured: a token does not say whose it is. */
  readonly vasps: readonly string[];
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** Undefined: there are no such pages, and every address is unknown. */
  readonly selfCare?: SelfCare | undefined;
}

/** What was done before the page is shown: the `done` of its address. */
const DONE = { on: 'turnedOn', off: 'turnedOff', removed: 'removed' } as const;
type Done = keyof typeof DONE;

export async function showSelfCare(
  parts: SelfCareParts,
  token: string,
  wanted: Wanted,
  query: URLSearchParams,
): Promise<PageView> {
  const found = open(parts, token, wanted);
  if ('statusCode' in found) return found;
  const { userKey, vasp } = found.user;
  const { all, own, languages } = wordsOf(wanted);
  const done = query.get('done') ?? '';
  const content = selfCareView({
    ...(await found.selfCare.look(userKey, vasp)),
    all,
    own,
    languages,
    chosenLanguage: wanted.chosen,
    token,
    formToken: selfCareFormToken(parts.secrets, token),
    notice: isDone(done) ? own[DONE[done]] : undefined,
  });
  return { statusCode: 200, outcome: 'shown', language: all.language, title: own.title, content };
}

export async function changeSelfCare(
  parts: SelfCareParts,
  token: string,
  wanted: Wanted,
  form: Form,
): Promise<PageView> {
  const found = open(parts, token, wanted);
  if ('statusCode' in found) return found;
  const { all, own } = wordsOf(wanted);
  const given = only(form, SELF_CARE_FIELD.formToken) ?? '';
  const pressed = isSelfCareFormToken(parts.secrets, token, given) ? pressedIn(form) : undefined;
  if (pressed === undefined) return noticePage(all, 403, 'refused', all.notUnderstood, all.openAgain);
  const { userKey } = found.user;
  if (pressed.kind === 'removed') await found.selfCare.removeFromInbox(userKey, pressed.id);
  else await found.selfCare.setHelp(userKey, pressed.kind);
  return seeOther(all, own, token, wanted.chosen, pressed.kind);
}

const wordsOf = ({ chosen, accepted }: Wanted) => {
  const languages = chosen === undefined ? accepted : [chosen, ...accepted];
  return { ...selfCareWordsFor(languages), languages };
};

const isDone = (text: string): text is Done => Object.hasOwn(DONE, text);

/** Whose page it is, or the page that says why it is nobody's. */
function open(
  { secrets, vasps, clock, selfCare }: SelfCareParts,
  token: string,
  wanted: Wanted,
): { readonly user: SelfCareUser; readonly selfCare: SelfCare } | PageView {
  const read = readSelfCareToken(secrets, vasps, token, clock.wall());
  if (read === undefined || selfCare === undefined) return unknownSelfCare(wanted);
  const { all, own } = wordsOf(wanted);
  if (read.kind === 'old') return noticePage(all, 200, 'late', all.late, own.newAddress);
  return { user: read.user, selfCare };
}

/** To an address that leads nowhere. */
export function unknownSelfCare(wanted: Wanted): PageView {
  const { all, own } = wordsOf(wanted);
  return noticePage(all, 404, 'unknown', all.unknown, all.unknownNext, own.newAddress);
}

type Pressed = { readonly kind: 'on' | 'off' } | { readonly kind: 'removed'; readonly id: string };

/** The one button that was pressed; undefined when that is not clear. */
function pressedIn(form: Form): Pressed | undefined {
  const pressed = [...form.keys()].flatMap((name): Pressed[] => {
    if (name === SELF_CARE_FIELD.on || name === SELF_CARE_FIELD.off) return [{ kind: name }];
    const [, id] = /^r-([A-Za-z0-9_-]{22})$/.exec(name) ?? [];
    return id === undefined ? [] : [{ kind: 'removed', id }];
  });
  return pressed.length === 1 ? pressed[0] : undefined;
}

/** To a browser that knows no 303 this is a page like others. */
function seeOther(
  { language }: Words,
  own: SelfCareWords,
  token: string,
  chosenLanguage: string | undefined,
  done: Done,
): PageView {
  const query = queryOf(chosenLanguage);
  // The last part of the address alone: a front may show the gateway under another path than the gateway sees.
  const location = `${token}${query}${query === '' ? '?' : '&'}done=${done}`;
  const content = html`<p class="l"><a href="${location}">${own.goOn}</a></p>`;
  return { statusCode: 303, outcome: 'changed', language, title: own[DONE[done]], content, location };
}
