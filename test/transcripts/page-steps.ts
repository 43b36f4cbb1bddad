/** The steps of transcripts in which somebody takes an ordinary browser to one of the gateway's pages [X21]. */
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { FORM_TYPE } from '../../gateway/pages/form.ts';
import { filledForm, readPage } from '../pages/old-browser.ts';
import { filled, matchText } from './pattern.ts';
import { PUBLIC_URL } from './rig.ts';
import type { Client, World } from './world.ts';

export async function openPage(world: World, client: Client, url: string, languages = ''): Promise<void> {
  await browse(world, client, filled(url, world.captures), languages);
}

/** `choices` and `words` in the order of the questions, with commas between them. */
export async function pressButton(
  world: World,
  client: Client,
  press: string,
  choices: string | undefined,
  words: string | undefined,
): Promise<void> {
  const { at, page, languages } = client.browser ?? {};
  if (at === undefined || page?.action === undefined) throw new Error(`${client.name} has no form open`);
  const listed = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split(/,\s*/));
  const body = filledForm(page, {
    press,
    choose: listed(choices),
    type: listed(words).map((word) => filled(word, world.captures)),
  });
  await browse(world, client, new URL(page.action, at).href, languages ?? '', body);
}

export function readsOnPage(world: World, client: Client, pattern: string): void {
  const matched = matchText(pattern, client.browser?.page?.text ?? '', world.captures, 'the page');
  if (!matched.ok) throw new Error(matched.fault);
  world.captures = matched.captures;
}

/** Every address that is sent somewhere must be one of ours, and every page one that can be read. */
async function browse(world: World, client: Client, url: string, languages: string, body?: string): Promise<void> {
  world.expectQuiet();
  if (!url.startsWith(`${PUBLIC_URL}/`)) throw new Error(`${url} is not below ${PUBLIC_URL}`);
  const { pathname, search } = new URL(url);
  const reply = await world.rig.browse(body === undefined ? 'GET' : 'POST', `${pathname}${search}`, {
    contentType: body === undefined ? '' : FORM_TYPE,
    acceptLanguage: languages,
    body: Buffer.from(body ?? ''),
  });
  if (reply === undefined) throw new Error(`${url} is no page`);
  client.browser = { at: url, languages, page: readPage(reply.body.toString()) };
  world.expectQuiet();
}

/** What the audit chain holds about somebody: `aoc 1 accept page sv`. */
export async function recordsOf(world: World, client: Client): Promise<readonly string[]> {
  const vasp = client.vasp.toLowerCase();
  const entries = await world.store.audit.recordsOf(userKeyOf(world.rig.secrets, { name: vasp }, client.user));
  return entries.flatMap((entry) => {
    if (entry.kind !== 'record') return [entry.kind];
    const { policy, version, option, outcome, way, language } = entry.record;
    return [[policy, version, option ?? outcome, way, language].join(' ')];
  });
}
