/**
 * What of a kept message is sealed, as text: compact JSON. An element is `[name, text]` or `[name, [children]]`, with its
 * attributes behind that where it has some. What is read is checked: a record that is damaged, or written by a version to
 * come, reads as nothing and never as something else.
 */
import { child, type Element } from '../csp/element.ts';
import { DEFAULT_LIMITS } from '../csp/limits.ts';
import type { MessageEnvelope, NotificationContent } from '../mailbox-ports.ts';
import { isRecord, jsonIn } from '../yaml/data.ts';

export function envelopeText({ sentId, info, wantsReport, outcome }: MessageEnvelope): string {
  return JSON.stringify({ sentId, info: packed(info), wantsReport, outcome });
}

export function readEnvelope(text: string): MessageEnvelope | undefined {
  const read = jsonIn(text);
  if (!isRecord(read)) return undefined;
  const { sentId, wantsReport } = read;
  const info = unpacked(read.info);
  // A message without a Sender makes clients fail before they can acknowledge it [P4.4].
  if (info?.name !== 'MessageInfo' || child(info, 'Sender') === undefined) return undefined;
  if (typeof sentId !== 'string' || typeof wantsReport !== 'boolean') return undefined;
  if (read.outcome === undefined) return { sentId, info, wantsReport };
  const outcome = readOutcome(read.outcome);
  return outcome === undefined ? undefined : { sentId, info, wantsReport, outcome };
}

function readOutcome(read: unknown): MessageEnvelope['outcome'] {
  if (!isRecord(read)) return undefined;
  const { code, description, at } = read;
  if (!Number.isSafeInteger(code) || !Number.isFinite(at) || typeof description !== 'string') return undefined;
  return { code: Number(code), description, at: Number(at) };
}

/** @param content the ContentData element */
export function contentText(content: Element): string {
  return JSON.stringify(packed(content));
}

export function readContent(text: string): Element | undefined {
  const content = unpacked(jsonIn(text));
  return content?.name === 'ContentData' ? content : undefined;
}

/** What a message's content counts against quotas, and in a MessageInfo: the UTF-8 of its text, in bytes. */
export function contentBytes(content: Element | undefined): number {
  return content === undefined ? 0 : new TextEncoder().encode(content.text).length;
}

export function notificationText({ to, sender }: NotificationContent): string {
  return JSON.stringify({ to, sender });
}

export function readNotification(text: string): NotificationContent | undefined {
  const read = jsonIn(text);
  if (!isRecord(read)) return undefined;
  const { to, sender } = read;
  return typeof to === 'string' && typeof sender === 'string' ? { to, sender } : undefined;
}

type Packed = readonly [name: string, content: string | readonly Packed[], attributes?: Element['attributes']];

function packed({ name, children, text, attributes }: Element): Packed {
  const content = children.length > 0 ? children.map(packed) : text;
  return attributes === undefined ? [name, content] : [name, content, attributes];
}

function unpacked(value: unknown, depth = 1): Element | undefined {
  if (!Array.isArray(value) || depth > DEFAULT_LIMITS.depth) return undefined;
  const [name, content, attributes] = value as readonly unknown[];
  if (typeof name !== 'string' || !isAttributes(attributes)) return undefined;
  const own = attributes === undefined ? { name } : { name, attributes };
  if (typeof content === 'string') return { ...own, children: [], text: content };
  if (!Array.isArray(content)) return undefined;
  const children = content.map((part) => unpacked(part, depth + 1));
  return children.every((part) => part !== undefined) ? { ...own, children, text: '' } : undefined;
}

function isAttributes(value: unknown): value is Element['attributes'] {
  return (
    value === undefined || (isRecord(value) && Object.values(value).every((attribute) => typeof attribute === 'string'))
  );
}
