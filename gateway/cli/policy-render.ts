/** `sapgw policy render`: the messages of policies as a phone shows them, in every language, with their lengths. */
import { LONGEST_TEXT, SURELY_SHOWN } from '../policy/check-texts.ts';
import type { Texts } from '../policy/model.ts';
import {
  languagesOfOffLineUser,
  type Rendering,
  renderOffLineUser,
  renderOnLine,
  renderPolicy,
  type TextShown,
} from '../policy/render.ts';
import { CUT_MARK } from '../policy/screen.ts';
import { nearest } from '../yaml/nearest.ts';
import { EXIT_UNREADABLE, type Print, readValidSet, type Terminal } from './policy-command.ts';

export interface RenderFlags {
  readonly folder: string;
  readonly language?: string;
  readonly json?: boolean;
}

export async function render(ids: readonly string[], flags: RenderFlags, terminal: Terminal): Promise<number> {
  const set = await readValidSet(flags.folder, terminal);
  if (typeof set === 'number') return set;
  const known = [...set.policies, ...set.onLine, ...set.offLineUser].map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    const meant = near === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean ${near}?`;
    terminal.printError(`${flags.folder}: no policy has the id ${unknown}; ${meant}`);
    return EXIT_UNREADABLE;
  }
  const isWanted = ({ id }: { readonly id: string }): boolean => ids.length === 0 || ids.includes(id);
  const wanted = (languages: readonly string[]): readonly string[] =>
    flags.language === undefined ? languages : [flags.language];
  const languagesOf = ({ message }: { readonly message: Texts }): readonly string[] => wanted([...message.keys()]);
  const renderings = [
    ...set.policies
      .filter(isWanted)
      .flatMap((policy) => languagesOf(policy).map((language) => renderPolicy(policy, language))),
    ...set.onLine
      .filter(isWanted)
      .flatMap((policy) => languagesOf(policy).map((language) => renderOnLine(policy, language))),
    ...set.offLineUser
      .filter(isWanted)
      .flatMap((policy) =>
        wanted(languagesOfOffLineUser(policy)).map((language) => renderOffLineUser(policy, language)),
      ),
  ];
  if (flags.json === true) terminal.print(JSON.stringify({ hash: set.hash, renderings }, null, 2));
  else if (renderings.length === 0) terminal.print(`${flags.folder}: there are no policies, so nothing is shown`);
  else for (const rendering of renderings) printRendering(rendering, terminal.print);
  return 0;
}

function printRendering(rendering: Rendering, print: Print): void {
  const { policy, version, language, screen, message, notification, verification, denials, otherwise } = rendering;
  print(`${policy} version ${version}${language === '' ? '' : `, ${language}`}`);
  for (const line of screen) print(`  ${line}`);
  if (message !== undefined) printLengths(message, print);
  if (notification !== undefined) {
    const { key, text, sms } = notification;
    print(`  ${key}: ${JSON.stringify(text)}, ${lengthOf(notification)}; at most ${sms.messages} SMS`);
  }
  if (verification !== undefined) print(`  ${verification.key}: ${lengthOf(verification)}`);
  for (const denial of denials)
    print(`  ${denial.key}: ${JSON.stringify(denial.text)}, ${lengthOf(denial)}; ${fitOf(denial, SURELY_SHOWN)}`);
  for (const { key, says } of otherwise) print(`  ${key}: ${says}`);
  print('');
}

function printLengths(message: TextShown, print: Print): void {
  const cut = message.characters > SURELY_SHOWN;
  if (cut) print(`  ${CUT_MARK} a phone that shows only ${SURELY_SHOWN} characters cuts here`);
  print(`  ${message.key}: ${lengthOf(message)}; ${fitOf(message, SURELY_SHOWN)}, ${fitOf(message, LONGEST_TEXT)}`);
}

function lengthOf({ characters, longest }: TextShown): string {
  return longest === characters ? `${characters} characters` : `${characters} characters, at most ${longest}`;
}

const fitOf = ({ longest }: TextShown, limit: number): string =>
  longest <= limit ? `fits ${limit}` : `${longest - limit} past ${limit}`;
