/** The self-care page [X46]: what a browser of 2005 shows and sends, in three languages, and addresses that are worth nothing. */
import { describe, expect, test } from '@jest/globals';
import { readSelfCareToken, selfCareUrl } from '../../gateway/chain/self-care-token.ts';
import { SELF_CARE_WORDS } from '../../gateway/pages/self-care-words.ts';
import { filledForm } from './old-browser.ts';
import { entry, PUBLIC_URL, SelfCareVisit, secretsOf, VASP } from './self-care-visit.ts';

const HOUR = 3_600_000;
const TIP = { en: 'Set a status so that others see how you are.', sv: 'Ange en status.', fi: 'Aseta tila.' };

describe('the preference', () => {
  test.each([
    ['', 'en', 'Help messages are on', 'Turn help messages off', 'Help messages are off', 'Turn help messages on'],
    ['sv-SE', 'sv', 'Hjälpmeddelanden är på', 'Stäng av hjälpmeddelanden', 'är av', 'Sätt på hjälpmeddelanden'],
    [
      'de',
      'de',
      'Hilfenachrichten sind an',
      'Hilfenachrichten ausschalten',
      'sind aus',
      'Hilfenachrichten einschalten',
    ],
  ])('is shown and turned, for a browser that wants "%s"', async (wanted, language, isOn, off, isOff, on) => {
    const visit = new SelfCareVisit();
    const user = visit.userOf('alice');
    const path = visit.pathOf(user);
    const { page } = await visit.browse(path, undefined, wanted);
    expect([page.language, page.title]).toEqual([language, page.heading]);
    expect(page.text).toContain(isOn);
    const { answer, next } = await visit.press(path, { press: off }, wanted);
    expect(answer.statusCode).toBe(303);
    expect(next.page.text).toContain(isOff);
    expect(visit.selfCare.help.get(user.userKey)).toBe('off');
    await visit.press(path, { press: on }, wanted);
    expect(visit.selfCare.help.get(user.userKey)).toBe('on');
  });

  test('pressed twice, or on a page that is old by now, is as pressed once', async () => {
    const visit = new SelfCareVisit();
    const user = visit.userOf('alice');
    const path = visit.pathOf(user);
    const { page } = await visit.browse(path);
    const form = filledForm(page, { press: 'Turn help messages off' });
    for (let time = 0; time < 2; time++) expect((await visit.browse(path, form)).statusCode).toBe(303);
    expect(visit.selfCare.help.get(user.userKey)).toBe('off');
  });

  test('a browser that follows no 303 gets a page with a link, and says no more than where it leads', async () => {
    const visit = new SelfCareVisit();
    const path = visit.pathOf(visit.userOf('alice'));
    const { answer } = await visit.press(path, { press: 'Turn help messages off' });
    expect(answer.page.heading).toBe('Help messages have been turned off.');
    const token = path.slice('/self-care/'.length);
    expect(answer.page.links).toEqual([{ href: `${token}?done=off`, text: 'Back to the page' }]);
    expect(answer.header('Location')).toBe(`${token}?done=off`);
  });
});

describe('the inbox', () => {
  test('each message is shown with its options, the day, and a button that removes it alone', async () => {
    const visit = new SelfCareVisit();
    const user = visit.userOf('alice');
    visit.selfCare.inboxes.set(user.userKey, [
      entry(1, TIP, { en: 'Good' }, { en: "Don't show" }),
      entry(2, { en: '<b>Two</b>\nlines & more' }),
    ]);
    const path = visit.pathOf(user);
    const { page, html } = await visit.browse(path);
    expect(page.text).toContain(
      "Message 1 of 2, November 21, 2026 Set a status so that others see how you are. Possible answers: Good Don't show [Remove message 1]",
    );
    expect(page.text).toContain('Message 2 of 2, November 22, 2026 <b>Two</b> lines & more [Remove message 2]');
    expect(page.text).toContain('write "inbox" to the service contact');
    expect(html).toContain('&lt;b&gt;Two&lt;/b&gt;<br />lines &amp; more');
    const { next } = await visit.press(path, { press: 'Remove message 1' });
    expect(next.page.text).toContain('The message has been removed.');
    expect(next.page.text).toContain('Message 1 of 1, November 22, 2026');
    expect(visit.selfCare.inboxes.get(user.userKey)?.map(({ id }) => id)).toEqual(['m2--------------------']);
    const { next: empty } = await visit.press(path, { press: 'Remove message 1' });
    expect(empty.page.text).toContain('There are no kept messages.');
  });

  test("texts are in the visitor's language where they have it, marked where the page is in another", async () => {
    const visit = new SelfCareVisit();
    const user = visit.userOf('alice');
    visit.selfCare.inboxes.set(user.userKey, [entry(1, TIP, { en: 'Good', fi: 'Hyvä' })]);
    const path = visit.pathOf(user);
    const finnish = await visit.browse(path, undefined, 'fi, sv;q=0.5');
    expect(finnish.page.language).toBe('sv');
    expect(finnish.html).toContain('<p lang="fi" xml:lang="fi" dir="ltr">Aseta tila.</p>');
    expect(finnish.html).toContain('<li lang="fi" xml:lang="fi" dir="ltr">Hyvä</li>');
    expect(finnish.page.links.map(({ text }) => text)).toEqual(['English', 'Deutsch']);
    const swedish = await visit.browse(`${path}?lang=sv`, undefined, 'fi');
    expect(swedish.html).toContain('<p>Ange en status.</p>');
    const { answer, next } = await visit.press(`${path}?lang=sv`, { press: 'Ta bort meddelande 1' }, 'de');
    expect(answer.header('Location')).toMatch(/\?lang=sv&done=removed$/);
    expect(next.page.language).toBe('sv');
  });

  test("another user's message is not touched by one's own page", async () => {
    const visit = new SelfCareVisit();
    const [mine, yours] = [visit.userOf('alice'), visit.userOf('bob')];
    for (const { userKey } of [mine, yours]) visit.selfCare.inboxes.set(userKey, [entry(1, TIP)]);
    await visit.press(visit.pathOf(mine), { press: 'Remove message 1' });
    expect(visit.selfCare.inboxes.get(yours.userKey)).toHaveLength(1);
  });
});

describe('opening', () => {
  test('changes nothing, however it is asked', async () => {
    const visit = new SelfCareVisit();
    const user = visit.userOf('alice');
    visit.selfCare.inboxes.set(user.userKey, [entry(1, TIP)]);
    const path = visit.pathOf(user);
    const { html } = await visit.browse(path);
    for (const query of ['', '?done=off', '?off=x&f=x', '?r-m1--------------------=x'])
      await visit.browse(path + query);
    expect((await visit.browse(path)).html).toBe(html);
    expect(visit.selfCare.help.size).toBe(0);
    expect(visit.counted).toEqual(Array(6).fill('self-care shown'));
  });

  test.each(['constructor', '__proto__', 'toString', '<b>', 'ON'])('done=%s is no notice', async (done) => {
    const visit = new SelfCareVisit();
    const path = visit.pathOf(visit.userOf('alice'));
    expect((await visit.browse(`${path}?done=${done}`)).html).toBe((await visit.browse(path)).html);
  });

  test('every answer is kept from being kept, framed, indexed, run, and told to others', async () => {
    const visit = new SelfCareVisit();
    const path = visit.pathOf(visit.userOf('alice'));
    const { answer, next } = await visit.press(path, { press: 'Turn help messages off' });
    const unknown = await visit.browse(`/self-care/${'A'.repeat(48)}`);
    for (const { header, html } of [answer, next, unknown]) {
      expect(header('Content-Security-Policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
      expect(header('Referrer-Policy')).toBe('no-referrer');
      expect(header('Cache-Control')).toBe('no-store');
      expect(header('X-Frame-Options')).toBe('DENY');
      expect(html).not.toMatch(/<script|\son[a-z]+=/);
    }
  });
});

describe('addresses', () => {
  test('are good for a day from when they were made, and then say what to do', async () => {
    const visit = new SelfCareVisit();
    const path = visit.pathOf(visit.userOf('alice'));
    const { page } = await visit.browse(path);
    const form = filledForm(page, { press: 'Turn help messages off' });
    visit.now += 24 * HOUR - 1000;
    expect((await visit.browse(path)).page.text).toContain('Help messages are on');
    visit.now += 1000;
    for (const sent of [undefined, form]) {
      const old = await visit.browse(path, sent);
      expect(old.statusCode).toBe(200);
      expect(old.page.heading).toBe('This address is too old');
      expect(old.page.text).toContain('Write "help" to the service contact on your phone.');
    }
    expect(visit.selfCare.help.size).toBe(0);
  });

  test.each([
    ['another key', (of: SelfCareVisit) => selfCareUrl(secretsOf('f'.repeat(32)), '', of.userOf('alice'), 0)],
    ['a VASP that is not configured', (of: SelfCareVisit) => of.pathOf(of.userOf('alice', 'gone'))],
    ['nobody', () => `/self-care/${'A'.repeat(48)}`],
    ['half of one', (of: SelfCareVisit) => of.pathOf(of.userOf('alice')).slice(0, 40)],
  ])('of %s lead to a page that says what to do', async (_, pathOf) => {
    const visit = new SelfCareVisit();
    const { statusCode, page } = await visit.browse(pathOf(visit));
    expect([statusCode, page.heading]).toEqual([404, 'There is nothing at this address']);
    expect(page.text).toContain('Write "help" to the service contact');
    expect(visit.counted).toEqual(['self-care unknown']);
  });

  test('with a single bit changed are worth nothing', () => {
    const visit = new SelfCareVisit();
    const { secrets, now } = visit;
    const user = visit.userOf('alice');
    const token = selfCareUrl(secrets, '', user, now).slice('/self-care/'.length);
    const read = (text: string) => readSelfCareToken(secrets, ['other', VASP], text, now);
    expect(read(token)).toEqual({ kind: 'valid', user });
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(read(changed.toString('base64url'))).toBeUndefined();
    }
    expect(read(`${token}=`)).toBeUndefined();
    expect(readSelfCareToken(secrets, ['other'], token, now)).toBeUndefined();
  });

  test('stand below the public URL, and name nobody', () => {
    const visit = new SelfCareVisit();
    const url = selfCareUrl(visit.secrets, PUBLIC_URL, visit.userOf('wv:alice@im.example'), visit.now);
    expect(url).toMatch(/^https:\/\/im\.operator\.example\/self-care\/[A-Za-z0-9_-]{48}$/);
    expect(url).not.toContain('alice');
  });
});

describe('forms', () => {
  test.each([
    ['without its token', (form: string) => form.replace(/(^|&)f=[^&]*/, '')],
    ['with the token of another page', (form: string) => form.replace(/(^|&)f=[^&]{4}/, '&f=AAAA')],
    ['with two tokens', (form: string) => `${form}&f=x`],
    ['with no button', (form: string) => form.replace(/off=[^&]*/, '')],
    ['with two buttons', (form: string) => `${form}&on=x`],
    ['of garbage', () => '&&=%zz&f'],
    ['that is empty', () => ''],
  ])('%s change nothing and say so', async (_, change) => {
    const visit = new SelfCareVisit();
    const path = visit.pathOf(visit.userOf('alice'));
    const { page } = await visit.browse(path);
    const form = filledForm(page, { press: 'Turn help messages off' });
    const { statusCode, page: answer } = await visit.browse(path, change(form));
    expect([statusCode, answer.heading]).toEqual([403, 'The answer could not be read']);
    expect(answer.text).toContain('Open the address again');
    expect(visit.selfCare.help.size).toBe(0);
  });

  test('a desk that fails is said, and the log gets the kind of the failure alone', async () => {
    const visit = new SelfCareVisit();
    visit.selfCare.isBroken = true;
    const { statusCode, page } = await visit.browse(visit.pathOf(visit.userOf('alice')));
    expect([statusCode, page.heading]).toEqual([500, 'Something went wrong here']);
    expect(visit.failures).toEqual([['page failed', { page: 'self-care', error: 'RangeError' }]]);
  });
});

test('every language says everything, with the same places to fill', () => {
  const places = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  const [english, ...others] = Object.values(SELF_CARE_WORDS);
  for (const words of others) {
    for (const [key, text] of Object.entries(words)) {
      expect([key, places(text)]).toEqual([key, places(english?.[key as keyof typeof english] ?? '')]);
    }
  }
});
