/**
 * The gateway's web pages as requests and replies, without a connection: which addresses are pages, which methods and
 * bodies they take, and the headers that keep them from being kept, framed, indexed, or told to others.
 */
import { SELF_CARE_PATH } from '../chain/self-care-token.ts';
import { CONSENT_PATH, WORD_PATH } from '../policy/page-urls.ts';
import type { Metrics } from '../ports.ts';
import { answerConsent, type PageParts as ConsentParts, showConsent } from './consent.ts';
import type { Wanted } from './entries.ts';
import { isForm, readForm } from './form.ts';
import { CONTENT_SECURITY_POLICY, documentOf } from './html.ts';
import { acceptedLanguages, isTag } from './languages.ts';
import { noticePage, type PageView, unknownAddress, wordsWanted } from './notices.ts';
import { changeSelfCare, type SelfCareParts, showSelfCare, unknownSelfCare } from './self-care.ts';
import { showWord } from './word.ts';

export interface PageParts extends ConsentParts, SelfCareParts {
  /** Where users reach the pages, without trailing slash; its path may or may not be cut off by a front. */
  readonly publicUrl: () => string;
  readonly metrics: Pick<Metrics, 'page'>;
}

/** An address that is a page's. */
export interface PagePlace {
  readonly page: 'consent' | 'word' | 'self-care';
  /** As written: 48 characters, or what is left of them when somebody copied too little. */
  readonly token: string;
  /** Without the question mark. */
  readonly query: string;
}

export interface PageRequest {
  readonly method: string;
  readonly contentType: string;
  /** The Accept-Language header; empty when there is none. */
  readonly acceptLanguage: string;
  /** Undefined: longer than {@link MOST_FORM_BYTES}. */
  readonly body: Uint8Array | undefined;
}

export interface PageReply {
  readonly statusCode: number;
  /** Name and value in turn, Content-Length included. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** A form with 64 questions is shorter. */
export const MOST_FORM_BYTES = 16 * 1024;
const TOKEN_CHARACTERS = 48;

export interface Pages {
  /** The page at a request's path and query; undefined when there is none, and the request is somebody else's. */
  placeOf(method: string, target: string): PagePlace | undefined;
  /** Never rejects. */
  answer(place: PagePlace, request: PageRequest): Promise<PageReply>;
  /** To somebody for whom there is no room. */
  busy(place: PagePlace, acceptLanguage: string): PageReply;
}

export function createPages(parts: PageParts): Pages {
  const replyWith = (place: PagePlace, view: PageView, ...headers: readonly string[]): PageReply => {
    parts.metrics.page(place.page, view.outcome);
    return replyOf(view, view.location === undefined ? headers : ['Location', view.location, ...headers]);
  };
  return {
    placeOf: (method, target) => placeOf(parts.publicUrl(), method, target),
    busy(place, acceptLanguage) {
      const words = wordsWanted(wantedBy(place, acceptLanguage));
      return replyWith(place, noticePage(words, 503, 'busy', words.busy, words.tryLater), 'Retry-After', '60');
    },
    async answer(place, request) {
      const wanted = wantedBy(place, request.acceptLanguage);
      const words = wordsWanted(wanted);
      if (request.method === 'POST' && place.page === 'word') {
        const view = noticePage(words, 405, 'refused', words.notUnderstood, words.openAgain);
        return replyWith(place, view, 'Allow', 'GET, HEAD');
      }
      try {
        return replyWith(place, await viewFor(parts, place, request, wanted));
      } catch (error) {
        // The name alone: a message could quote what was typed.
        parts.log.error('page failed', { page: place.page, error: error instanceof Error ? error.name : typeof error });
        return replyWith(place, noticePage(words, 500, 'failed', words.failed, words.tryLater));
      }
    },
  };
}

function viewFor(
  parts: PageParts,
  { page, token, query }: PagePlace,
  { method, body, contentType }: PageRequest,
  wanted: Wanted,
): PageView | Promise<PageView> {
  const words = wordsWanted(wanted);
  const isSelfCare = page === 'self-care';
  if (token.length !== TOKEN_CHARACTERS) return isSelfCare ? unknownSelfCare(wanted) : unknownAddress(wanted);
  if (page === 'word') return showWord(parts, token, wanted);
  if (method !== 'POST') {
    if (isSelfCare) return showSelfCare(parts, token, wanted, new URLSearchParams(query));
    return showConsent(parts, token, wanted);
  }
  if (body === undefined) return noticePage(words, 413, 'refused', words.tooLarge, words.openAgain);
  if (!isForm(contentType)) return noticePage(words, 415, 'refused', words.notUnderstood, words.openAgain);
  const form = readForm(body);
  return isSelfCare ? changeSelfCare(parts, token, wanted, form) : answerConsent(parts, token, wanted, form);
}

/** The end of an address may bring the full stop, bracket or quotation mark that followed it in a sentence. */
const PAGE = /^(.*)(\/(?:consent|word|self-care)\/)([A-Za-z0-9_-]{1,200})[.,;:!?)\]'"]{0,3}$/;

const PAGE_OF_FOLDER: ReadonlyMap<string, PagePlace['page']> = new Map([
  [CONSENT_PATH, 'consent'],
  [WORD_PATH, 'word'],
  [SELF_CARE_PATH, 'self-care'],
]);

function placeOf(publicUrl: string, method: string, target: string): PagePlace | undefined {
  // Nearly all requests are messages.
  if (!target.includes(CONSENT_PATH) && !target.includes(WORD_PATH) && !target.includes(SELF_CARE_PATH))
    return undefined;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const [, prefix = '', folder, token = ''] = PAGE.exec(path) ?? [];
  const page = folder === undefined ? undefined : PAGE_OF_FOLDER.get(folder);
  if (page === undefined) return undefined;
  if (prefix !== '' && !`${publicUrl}/`.endsWith(`${prefix}/`)) return undefined;
  // What is sent to an address that was not copied whole may be meant for somebody else.
  if (token.length !== TOKEN_CHARACTERS && method === 'POST') return undefined;
  return { page, token, query: mark === -1 ? '' : target.slice(mark + 1) };
}

function wantedBy({ query }: PagePlace, acceptLanguage: string): Wanted {
  const lang = new URLSearchParams(query).get('lang') ?? '';
  return { chosen: isTag(lang) ? lang : undefined, accepted: acceptedLanguages(acceptLanguage) };
}

function replyOf({ statusCode, language, title, content }: PageView, more: readonly string[]): PageReply {
  const body = documentOf(language, title, content);
  return {
    statusCode,
    headers: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Language',
      language,
      'Content-Length',
      String(body.length),
      'Cache-Control',
      'no-store',
      'Content-Security-Policy',
      CONTENT_SECURITY_POLICY,
      'Referrer-Policy',
      'no-referrer',
      'X-Content-Type-Options',
      'nosniff',
      'X-Frame-Options',
      'DENY',
      'X-Robots-Tag',
      'noindex',
      ...more,
    ],
    body,
  };
}
