/**
 * The versions of CSP that the gateway speaks and what names them on the wire: namespaces, public identifiers, content types.
 * A message's version is the version of its CSP namespace [P1.1]; everything else here follows from it.
 */

export const CSP_VERSIONS = ['1.1', '1.2', '1.3'] as const;
export type CspVersion = (typeof CSP_VERSIONS)[number];

/** The two spellings of one message. */
export type Encoding = 'xml' | 'wbxml';

/** The namespace of the envelope, of a transaction's content and of a presence attribute list. */
export interface Namespaces {
  readonly csp: string;
  readonly trc: string;
  readonly pa: string;
}

export const NAMESPACES: Readonly<Record<CspVersion, Namespaces>> = {
  '1.1': {
    csp: 'http://www.wireless-village.org/CSP1.1',
    trc: 'http://www.wireless-village.org/TRC1.1',
    pa: 'http://www.wireless-village.org/PA1.1',
  },
  '1.2': {
    csp: 'http://www.openmobilealliance.org/DTD/WV-CSP1.2',
    trc: 'http://www.openmobilealliance.org/DTD/WV-TRC1.2',
    pa: 'http://www.openmobilealliance.org/DTD/WV-PA1.2',
  },
  '1.3': {
    csp: 'http://www.openmobilealliance.org/DTD/IMPS-CSP1.3',
    trc: 'http://www.openmobilealliance.org/DTD/IMPS-TRC1.3',
    pa: 'http://www.openmobilealliance.org/DTD/IMPS-PA1.3',
  },
};

const VERSION_OF_NAMESPACE: ReadonlyMap<string, CspVersion> = new Map(
  CSP_VERSIONS.map((version) => [NAMESPACES[version].csp, version]),
);

/** The version that a CSP namespace stands for; undefined for a namespace that is not ours. */
export function versionOfNamespace(namespace: string): CspVersion | undefined {
  return VERSION_OF_NAMESPACE.get(namespace);
}

/** True when `version` is `minimum` or newer. Versions compare as text: 1.1 < 1.2 < 1.3. */
export function isAtLeast(version: CspVersion, minimum: CspVersion): boolean {
  return version >= minimum;
}

/** The public identifiers of a DOCTYPE, and the version each stands for; tolerated spellings included. */
export const VERSION_OF_PUBLIC_ID: ReadonlyMap<string, CspVersion> = new Map([
  ['-//WIRELESSVILLAGE//DTD CSP 1.1//EN', '1.1'],
  ['-//OMA//DTD WV-CSP 1.1//EN', '1.1'],
  ['-//OMA//DTD WV-CSP 1.2//EN', '1.2'],
  ['-//OMA//DTD IMPS-CSP 1.2//EN', '1.2'],
  ['-//OMA//DTD IMPS-CSP 1.3//EN', '1.3'],
]);

/** The content type that a version uses for an encoding when the gateway starts a message itself [P8]. */
export function contentTypeOf(version: CspVersion, encoding: Encoding): string {
  const family = version === '1.3' ? 'application/vnd.wv.csp+' : 'application/vnd.wv.csp.';
  return family + encoding;
}

const ENCODING_OF_TYPE: ReadonlyMap<string, Encoding> = new Map([
  ['application/vnd.wv.csp.xml', 'xml'],
  ['application/vnd.wv.csp+xml', 'xml'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['application/vnd.wv.csp.wbxml', 'wbxml'],
  ['application/vnd.wv.csp+wbxml', 'wbxml'],
]);

/**
 * The encoding that a Content-Type header names; parameters and case do not matter, and the plain XML types are
 * tolerated [P8]. Undefined for anything that is not a CSP message.
 */
export function encodingOfContentType(contentType: string): Encoding | undefined {
  const spelledAsUsual = ENCODING_OF_TYPE.get(contentType);
  if (spelledAsUsual !== undefined) return spelledAsUsual;
  const semicolon = contentType.indexOf(';');
  const type = semicolon === -1 ? contentType : contentType.slice(0, semicolon);
  return ENCODING_OF_TYPE.get(type.trim().toLowerCase());
}

/** Whether a Content-Type header says nothing of the charset, or what a message is written in: UTF-8 or its subset. */
export function isUtf8ContentType(contentType: string): boolean {
  if (!contentType.includes(';')) return true;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1];
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset);
}
