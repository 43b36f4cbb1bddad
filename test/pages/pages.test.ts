/** The pages against those who try more than to answer: altered forms, other people's questions, texts that look like HTML. */
import { describe, expect, test } from '@jest/globals';
import { FORM_TYPE } from '../../gateway/pages/form.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { loginResponse, message } from '../gateway/messages.ts';
import { createRig, PUBLIC_URL, type Rig, vaspAnswer } from '../transcripts/rig.ts';
import { filledForm, type OldPage, readPage } from './old-browser.ts';
import { type Login, loginOf, OLD_PHONE, readLogin } from './phone.ts';
import { NOTICE, PRICE, policiesOf, TERMS, VERIFIED, WORD } from './policies.ts';

async function logIn(rig: Rig, user: string): Promise<Login> {
  const { body, contentType } = loginOf(user);
  return readLogin((await rig.send(body, contentType)).body);
}

interface Answer {
  readonly statusCode: number;
  readonly html: string;
  readonly page: OldPage;
}

async function browse(rig: Rig, path: string, form?: string, acceptLanguage = ''): Promise<Answer> {
  const reply = await rig.browse(form === undefined ? 'GET' : 'POST', path, {
    contentType: form === undefined ? '' : FORM_TYPE,
    acceptLanguage,
    body: Buffer.from(form ?? ''),
  });
  const html = reply?.body.toString() ?? '';
  return { statusCode: reply?.statusCode ?? 0, html, page: readPage(html) };
}

const pathOf = ({ url }: Login): string => url.slice(PUBLIC_URL.length);
const pagesCounted = (rig: Rig): readonly string[] =>
  rig.metrics.filter(([name]) => name === 'page').map(([, page, outcome]) => `${page} ${outcome}`);

/** A VASP that lets everybody in. */
function openVasp(rig: Rig): void {
  rig.upstream.otherwise = ({ contentType }) =>
    vaspAnswer(message(OLD_PHONE, undefined, [['1', loginResponse(200, 'session-1')]], 'Response'), contentType);
}

describe('texts', () => {
  test('of users and policies stand there as text, never as markup', async () => {
    const rig = createRig({ policies: policiesOf(NOTICE) });
    const login = await logIn(rig, `wv:<img src=x onerror=alert(1)>"'&@im.example`);
    const { html, page } = await browse(rig, pathOf(login));
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<b>');
    expect(html).toContain('&lt;b&gt;Line one&lt;/b&gt; &amp; more<br />Line two');
    expect(page.text).toContain(`Hello wv:<img src=x onerror=alert(1)>"'&@im.example. <b>Line one</b> & more Line two`);
  });

  test('each is in its own language and direction, the page around it in the nearest that there is', async () => {
    const rig = createRig({ policies: policiesOf(NOTICE) });
    const path = pathOf(await logIn(rig, 'wv:a@im.example'));
    const arabic = await browse(rig, `${path}?lang=ar`, undefined, 'sv');
    expect(arabic.page).toMatchObject({ language: 'sv', direction: 'ltr' });
    expect(arabic.html).toContain('<p id="m1" lang="ar" xml:lang="ar" dir="rtl">مرحبا</p>');
    const finnish = await browse(rig, `${path}?lang=fi`);
    expect(finnish.page.language).toBe('en');
    expect(finnish.html).toContain('<p id="m1" lang="fi" xml:lang="fi" dir="ltr">Hei wv:a@im.example.</p>');
  });

  test('a language that is no tag, or one that the policies have not, changes nothing', async () => {
    const rig = createRig({ policies: policiesOf(PRICE) });
    const path = pathOf(await logIn(rig, 'wv:a@im.example'));
    for (const lang of ['xx', '"><script>', '%00', `${'a'.repeat(300)}`]) {
      const { page, html } = await browse(rig, `${path}?lang=${lang}`, undefined, 'sv');
      expect(page.language).toBe('sv');
      expect(html).not.toContain('<script');
    }
  });

  test('a form that says a language which the policy has not is recorded in one that it has', async () => {
    const rig = createRig({ policies: policiesOf(PRICE) });
    openVasp(rig);
    const path = pathOf(await logIn(rig, 'wv:a@im.example'));
    const form = filledForm((await browse(rig, path, undefined, 'de')).page, { press: 'Annehmen' });
    expect(form).toContain('l1=de');
    await browse(rig, path, form.replace('l1=de', 'l1=xx'), 'de');
    expect((await logIn(rig, 'wv:a@im.example')).code).toBe('200');
    const [entry] = await rig.store.audit.read(1, 1);
    expect(entry).toMatchObject({ kind: 'record', record: { language: 'de', way: 'page', option: 'accept' } });
  });
});

describe('forms', () => {
  test("another user's question in one's own form is not answered by it", async () => {
    const rig = createRig({ policies: policiesOf(PRICE, TERMS) });
    openVasp(rig);
    const mine = await logIn(rig, 'wv:a@im.example');
    const yours = await logIn(rig, 'wv:b@im.example');
    const form = filledForm((await browse(rig, pathOf(mine))).page, {
      press: 'Send answers',
      choose: ['Accept', 'I agree'],
    });
    await browse(rig, pathOf(mine), form.replace(mine.token, yours.token));
    const { page } = await browse(rig, pathOf(yours));
    expect(page.heading).toBe('Before you log in');
    expect((await logIn(rig, 'wv:b@im.example')).code).toBe('403');
    expect(rig.upstream.seen).toEqual([]);
  });

  test('choices belong to the question whose token stands beside them, wherever that stands', async () => {
    const rig = createRig({ policies: policiesOf(PRICE, TERMS) });
    openVasp(rig);
    const login = await logIn(rig, 'wv:a@im.example');
    const { page } = await browse(rig, pathOf(login));
    const [first = '', second = ''] = page.fields.filter(({ name }) => /^t\d/.test(name)).map(({ value }) => value);
    const { page: after } = await browse(rig, pathOf(login), `t1=${second}&q1=1&t2=${first}&q2=2`);
    expect(after.text).toMatch(
      /You chose: I agree .*You chose: Presence only|You chose: Presence only .*You chose: I agree/,
    );
  });

  test('an answer stands: pressing another button later, or twice, changes nothing', async () => {
    const rig = createRig({ policies: policiesOf(PRICE) });
    const path = pathOf(await logIn(rig, 'wv:a@im.example'));
    const { page } = await browse(rig, path);
    for (const press of ['Presence only', 'Accept', 'Decline']) {
      const answered = await browse(rig, path, filledForm(page, { press }));
      expect(answered.page.text).toContain('You chose: Presence only');
    }
    expect(pagesCounted(rig)).toEqual(['consent shown', 'consent accepted', 'consent answered', 'consent answered']);
  });

  test('declining needs the word too, and what was chosen and typed stays', async () => {
    const rig = createRig({ policies: policiesOf(VERIFIED) });
    const path = pathOf(await logIn(rig, 'wv:a@im.example'));
    const { page } = await browse(rig, path);
    const wrong = await browse(
      rig,
      path,
      filledForm(page, { press: 'Send answers', choose: ['Decline'], type: ['"<x>'] }),
    );
    expect(wrong.page.heading).toBe('That was not the word');
    expect(wrong.page.fields).toContainEqual(
      expect.objectContaining({ type: 'radio', label: 'Decline', checked: true }),
    );
    expect(wrong.page.fields).toContainEqual(
      expect.objectContaining({ type: 'text', value: '"<x>', describedBy: 'e1' }),
    );
  });

  test('garbage in a form is answered with a page and changes nothing', async () => {
    const rig = createRig({ policies: policiesOf(PRICE, TERMS) });
    const login = await logIn(rig, 'wv:a@im.example');
    for (const body of [
      '',
      '&&&===',
      't1=&q1=1',
      't1=%ff%fe&q1=%zz',
      `t1=${login.token}&t1=x&q1=1`,
      'a&'.repeat(5000),
    ]) {
      expect((await browse(rig, pathOf(login), body)).page.heading).toBe('An answer is missing');
    }
    expect((await browse(rig, pathOf(login))).page.heading).toBe('Before you log in');
  });
});

describe('what is told to others', () => {
  test('opening a page, as often as one likes, changes nothing', async () => {
    const rig = createRig({ policies: policiesOf(WORD) });
    const login = await logIn(rig, 'wv:a@im.example');
    const first = await browse(rig, pathOf(login));
    for (let time = 0; time < 5; time++) expect((await browse(rig, pathOf(login))).html).toBe(first.html);
    expect((await browse(rig, `/word/${login.token}`)).page.text).toContain('The word is:');
    expect((await browse(rig, pathOf(login))).html).toBe(first.html);
    expect(rig.upstream.seen).toEqual([]);
  });

  test('no token, user, word or credential is logged or counted, or stands on a page that is not theirs', async () => {
    const rig = createRig({ policies: policiesOf(VERIFIED, TERMS) });
    openVasp(rig);
    const user = 'wv:canary-user@im.example';
    const login = await logIn(rig, user);
    const { page } = await browse(rig, pathOf(login));
    const filling = { press: 'Send answers', choose: ['Accept', 'I agree'] };
    const wrong = await browse(rig, pathOf(login), filledForm(page, { ...filling, type: ['canary-word'] }));
    const right = await browse(rig, pathOf(login), filledForm(page, { ...filling, type: ['grön'] }));
    expect(right.page.heading).toBe('Your answer has been taken');
    expect((await logIn(rig, user)).code).toBe('200');
    const written = JSON.stringify([rig.log, rig.metrics]);
    for (const secret of [login.token, user, 'canary', 'grön']) expect(written).not.toContain(secret);
    for (const html of [wrong.html, right.html]) expect(html).not.toMatch(/canary-(password|cookie|user)/);
    expect(rig.log).toContainEqual(
      expect.objectContaining({
        event: 'answered on the page',
        fields: { vasp: 'verona', outcome: 'accepted', questions: 2 },
      }),
    );
  });

  test('a page that fails says so, and the log gets the kind of the failure alone', async () => {
    const real = createRig().secrets;
    const secrets: Secrets = {
      keyedHash: (purpose, ...parts) => real.keyedHash(purpose, ...parts),
      sign: (data) => real.sign(data),
      seal: (purpose, text) => real.seal(purpose, text),
      unseal: (purpose, sealed) => real.unseal(purpose, sealed),
      isSealedByCurrent: (purpose, sealed) => real.isSealedByCurrent(purpose, sealed),
      randomBytes: (count) => real.randomBytes(count),
      verify: () => {
        throw new RangeError('canary');
      },
    };
    const rig = createRig({ policies: policiesOf(PRICE), secrets });
    const login = await logIn(rig, 'wv:a@im.example');
    const failed = await browse(rig, pathOf(login));
    expect(failed.statusCode).toBe(500);
    expect(failed.page.heading).toBe('Something went wrong here');
    expect(rig.log.filter(({ level }) => level === 'error')).toEqual([
      { level: 'error', event: 'page failed', fields: { page: 'consent', error: 'RangeError' } },
    ]);
  });
});
