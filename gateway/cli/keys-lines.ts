/** What commands about keys say to people. */
import type { KeyFile } from '../keys/key-file.ts';
import { fingerprintOf } from '../keys/ring.ts';
import { nextStep, type Obstacle, type Step } from '../keys/rotation.ts';
import type { KeysOfProcess } from '../keys/standing.ts';

/** Fingerprints of the keys of a file, the first signs. */
export const fingerprintsOf = ({ signing }: KeyFile): readonly string[] => signing.map(({ key }) => fingerprintOf(key));

/** A line for each key, with what the file says of it. */
export function keyLines(file: KeyFile): readonly string[] {
  return file.signing.map(({ key, mark }, index) => {
    const [use, own] = index === 0 ? ['signs', 'signs since'] : ['is accepted', 'accepted since'];
    if (mark === undefined) return `${fingerprintOf(key)} ${use}`;
    return `${fingerprintOf(key)} ${use}${mark.what === own ? ' since' : `, ${mark.what}`} ${timeOf(mark.at)}`;
  });
}

export function processLine({ node, process, keys: [signs, ...accepted], since }: KeysOfProcess): string {
  const where = `${node} process ${process}`;
  if (signs === undefined) return `${where}: does not answer`;
  const others = accepted.length === 0 ? '' : `; ${accepted.join(', ')} accepted`;
  return `${where}: ${signs} signs since ${timeOf(since)}${others}`;
}

export function obstacleLine(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'other-keys':
      return `other keys than this file has: ${placesOf(obstacle.processes)}; copy the file of the node that is further to the others, or name the right one with --secret-file`;
    case 'not-accepted':
      return `the second key is not accepted yet: ${placesOf(obstacle.processes)}; copy this file there`;
    case 'not-signing':
      return `the first key does not sign yet: ${placesOf(obstacle.processes)}; copy this file there`;
    case 'too-early':
      return `what the old key signed can be answered until ${timeOf(obstacle.until)}`;
    case 'policies-wrong':
      return 'how long answers can come is not known: the policies have problems (sapgw policy check)';
    case 'not-asked':
      return obstacle.messages.join('\n');
    case 'left':
      return `sealed by the old key: names in ${obstacle.sessions} open sessions, in ${obstacle.messages} on-line messages; they end by themselves. Without the key those users are told only what concerns everybody, and those messages name nobody`;
    case 'kept-in-memory':
      return 'what is kept is in the memory of the running gateway, sealed by the old key; stop it first, or lose that';
  }
}

function placesOf(processes: readonly KeysOfProcess[]): string {
  return processes
    .map(({ node, process, keys }) => `${node} process ${process}${keys.length === 0 ? ' (does not answer)' : ''}`)
    .join(', ');
}

/** What a step has come to. */
export function doneLine(step: Step, before: KeyFile, after: KeyFile): string {
  const [signs = '', second = ''] = fingerprintsOf(after);
  switch (step) {
    case 'accept':
      return `${second} is new and accepted; ${signs} signs`;
    case 'switch':
      return `${signs} signs; ${second} is still accepted`;
    case 'drop':
      return `${fingerprintsOf(before)[1]} is gone; ${signs} signs`;
  }
}

/** @param from when it is possible, in wall-clock milliseconds; undefined when that is not known */
export function nextLine(file: KeyFile, path: string, from: number | undefined): string {
  const [first = '', second = ''] = fingerprintsOf(file);
  const copy = `copy ${path} to the other nodes, if there are any`;
  const again = 'sapgw keys rotate';
  switch (nextStep(file)) {
    case 'accept':
      return `next: ${again}, whenever you like: adds a key that is accepted, before it signs`;
    case 'switch':
      return `next: ${copy}; then ${again}: ${second} signs`;
    case 'drop':
      return `next: ${copy}; then, ${from === undefined ? 'later' : `from ${timeOf(from)} on`}, ${again}: ${second} goes, ${first} stays`;
  }
}

/** Whether everybody has the file's keys. */
export function heldLine(processes: readonly KeysOfProcess[], expected: readonly string[]): string {
  const without = processes.filter(({ keys }) => keys.join() !== expected.join());
  if (without.length > 0) return `not everywhere yet: ${placesOf(without)}`;
  return processes.length === 1
    ? 'the running gateway has taken it'
    : `all ${processes.length} processes have taken it`;
}

export const timeOf = (millis: number): string => new Date(millis).toISOString();
