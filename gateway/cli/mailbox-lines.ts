/** What the admin API tells of messages for users who are away, as lines for people. */
import type { MailFields, NotificationFields } from '../audit/mail-data.ts';
import type { OfficeTotals, PolicyTotals } from '../mailbox/office-model.ts';
import { counted } from './counted.ts';

export interface ToldTotals extends OfficeTotals {
  readonly policies?: readonly PolicyTotals[];
}

export interface ToldMail {
  readonly messages: readonly MailFields[];
  readonly next?: string | null;
}

export interface ToldNotifications {
  readonly notifications: readonly NotificationFields[];
  readonly next: string | null;
}

export function statusLines(told: ToldTotals): readonly string[] {
  const { waiting, sending, sent, failed } = told.notifications;
  return [
    `waiting        ${counted(told.waiting, 'message')}, ${counted(told.waitingBytes, 'byte')}`,
    `reports        ${told.reports} on the way to senders`,
    `given up       ${told.dead}${told.dead === 0 ? '' : '; sapgw mailbox dead shows them'}`,
    ...(told.unreadable === 0
      ? []
      : [`unreadable     ${counted(told.unreadable, 'record')} left out; the log says more`]),
    `notifications  ${waiting + sending} to go out, ${sent} sent lately, ${failed} failed${failed === 0 ? '' : '; sapgw mailbox notifications --state failed shows them'}`,
    ...(told.policies ?? []).map(
      ({ policy, ...of }) =>
        `  ${policy}: ${of.waiting} waiting, ${counted(of.waitingBytes, 'byte')}, ${counted(of.reports, 'report')}, ${of.dead} given up`,
    ),
  ];
}

export function listLines({ messages }: ToldMail): readonly string[] {
  return messages.length === 0 ? ['nothing is kept for this user'] : messages.map(mailLine);
}

export function deadLines({ messages, next }: ToldMail): readonly string[] {
  if (messages.length === 0) return ['nothing was given up'];
  return [...messages.map((one) => `${mailLine(one)}, for ${one.user} at ${one.vasp}`), ...more(next)];
}

export function notificationLines({ notifications, next }: ToldNotifications): readonly string[] {
  return notifications.length === 0 ? ['no notifications'] : [...notifications.map(notificationLine), ...more(next)];
}

const more = (next: string | null | undefined): readonly string[] =>
  next === null || next === undefined ? [] : [`there are more: --after ${next}`];

function mailLine(told: MailFields): string {
  const { id, kind, policy, state, reason, storedAt, expiresAt, diedAt, bytes, tries, sender } = told;
  const what = kind === 'report' ? `report, ${policy}` : `${policy}, ${counted(bytes, 'byte')} from ${sender}`;
  const end =
    state === 'dead' ? `given up ${diedAt ?? ''}, ${reason ?? 'for no reason'}` : `waiting, until ${expiresAt}`;
  return `${id}  ${what}: ${end}; stored ${storedAt}, handed over ${tries === 1 ? 'once' : `${tries} times`}`;
}

function notificationLine(told: NotificationFields): string {
  const { user, vasp, policy, bearer, state, wantedAt, dueAt, sentAt, tries, failure } = told;
  const how = {
    waiting: `goes out ${dueAt}`,
    sending: `went out ${sentAt ?? ''}, no answer yet`,
    sent: `sent ${sentAt ?? ''}, the next one not before ${dueAt}`,
    failed: 'failed',
  }[state];
  const trouble = failure === null ? '' : `, ${failure}`;
  return `${user} at ${vasp}  ${policy} by ${bearer}: ${how}${trouble}; wanted since ${wantedAt}, tried ${tries === 1 ? 'once' : `${tries} times`}`;
}
