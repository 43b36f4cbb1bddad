/** Self-care pages over a user's preference and inbox in memory, and addresses of them. */
import { MemoryNegotiations } from '../../gateway/chain/negotiation-memory.ts';
import { SELF_CARE_PATH, type SelfCareUser, selfCareUrl } from '../../gateway/chain/self-care-token.ts';
import type { InboxEntry, SelfCare } from '../../gateway/desk/self-care.ts';
import { FORM_TYPE } from '../../gateway/pages/form.ts';
import { createPages, type PageReply, type Pages } from '../../gateway/pages/pages.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { type Filling, filledForm, type OldPage, readPage } from './old-browser.ts';

export const PUBLIC_URL = 'https://im.operator.example';
export const VASP = 'verona';

/** Asks no VASP and no desk; every user has a preference and an inbox of their own. */
export class FakeSelfCare implements SelfCare {
  readonly help = new Map<string, 'on' | 'off'>();
  readonly inboxes = new Map<string, InboxEntry[]>();
  isBroken = false;

  async look(userKey: string, vasp: string): ReturnType<SelfCare['look']> {
    if (this.isBroken) throw new RangeError('canary');
    const inbox = vasp === VASP ? (this.inboxes.get(userKey) ?? []) : [];
    // As it comes from another process.
    return structuredClone({ help: this.help.get(userKey) ?? 'on', inbox });
  }

  async setHelp(userKey: string, help: 'on' | 'off'): Promise<void> {
    this.help.set(userKey, help);
  }

  async removeFromInbox(userKey: string, id: string): Promise<void> {
    this.inboxes.set(
      userKey,
      (this.inboxes.get(userKey) ?? []).filter((entry) => entry.id !== id),
    );
  }
}

export function secretsOf(key: string): Secrets {
  const opened = openSecrets({ kind: 'keys', text: key });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.secrets;
}

export const texts = (of: Readonly<Record<string, string>>): ReadonlyMap<string, string> => new Map(Object.entries(of));

export const entry = (
  number: number,
  text: Readonly<Record<string, string>>,
  ...options: readonly Readonly<Record<string, string>>[]
): InboxEntry => ({
  id: `m${number}`.padEnd(22, '-'),
  texts: texts(text),
  options: options.map(texts),
  createdAt: Date.UTC(2026, 10, 20 + number, 23, 59),
});

export interface Visited {
  readonly statusCode: number;
  readonly html: string;
  readonly page: OldPage;
  readonly header: (name: string) => string | undefined;
}

export class SelfCareVisit {
  readonly selfCare = new FakeSelfCare();
  readonly secrets = secretsOf('0123456789abcdef0123456789abcdef');
  /** Milliseconds. */
  now = Date.UTC(2026, 11, 1, 10);
  readonly pages: Pages;
  readonly counted: string[] = [];
  readonly failures: unknown[] = [];

  constructor(publicUrl = () => PUBLIC_URL) {
    const { secrets } = this;
    const clock = { wall: () => this.now, monotonic: () => this.now };
    const unused = (): never => {
      throw new Error('the self-care page asks no policy');
    };
    this.pages = createPages({
      vasps: ['other', VASP],
      secrets,
      clock,
      publicUrl,
      selfCare: this.selfCare,
      policies: { current: unused, live: () => [] },
      negotiations: new MemoryNegotiations(clock, 10, () => {}),
      metrics: { page: (page, outcome) => this.counted.push(`${page} ${outcome}`) },
      log: { info: () => {}, warn: () => {}, error: (event, fields) => this.failures.push([event, fields]) },
    });
  }

  userOf(name: string, vasp = VASP): SelfCareUser {
    return { userKey: this.secrets.keyedHash('user', vasp, name), vasp };
  }

  /** A fresh address, without the public URL. */
  pathOf(user: SelfCareUser): string {
    return selfCareUrl(this.secrets, '', user, this.now);
  }

  async browse(path: string, form?: string, acceptLanguage = ''): Promise<Visited> {
    const method = form === undefined ? 'GET' : 'POST';
    const place = this.pages.placeOf(method, path);
    if (place === undefined) throw new Error(`there is no page at ${path}`);
    const contentType = form === undefined ? '' : FORM_TYPE;
    return visited(
      await this.pages.answer(place, { method, contentType, acceptLanguage, body: Buffer.from(form ?? '') }),
    );
  }

  /** Opens a page, presses a button, and follows to where that leads. */
  async press(path: string, filling: Filling, acceptLanguage = ''): Promise<{ answer: Visited; next: Visited }> {
    const shown = await this.browse(path, undefined, acceptLanguage);
    const at = `${SELF_CARE_PATH}${shown.page.action}`;
    const answer = await this.browse(at, filledForm(shown.page, filling), acceptLanguage);
    const next = await this.browse(`${SELF_CARE_PATH}${answer.header('Location')}`, undefined, acceptLanguage);
    return { answer, next };
  }
}

function visited({ statusCode, headers, body }: PageReply): Visited {
  const html = body.toString();
  const header = (name: string): string | undefined => {
    const at = headers.findIndex((one, index) => index % 2 === 0 && one === name);
    return at === -1 ? undefined : headers[at + 1];
  };
  return { statusCode, html, page: readPage(html), header };
}
