/**
 * The decision about a request's line and headers, before anything else looks at them: Node's parser accepts what a
 * front door must not [reliability §1]. A pure function over what the parser saw; it refuses whatever two parsers could
 * read differently, so that the VASP reads the request that the gateway judged.
 */
import { HeaderClass, headerClassOf } from './headers.ts';

/** A request as the parser saw it; `rawHeaders` is the flat list of names and values. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/** Why a request was refused; the `reason` label of `sapgw_rejects_total{layer="edge"}`. */
export type EdgeReason =
  | 'http-version'
  | 'method'
  | 'target'
  | 'host'
  | 'header-count'
  | 'header-name'
  | 'header-value'
  | 'duplicate-header'
  | 'transfer-encoding'
  | 'content-length'
  | 'body-not-allowed'
  | 'upgrade'
  | 'expect';

export interface EdgePass {
  readonly verdict: 'pass';
  /** Path and query in origin form, also when the client sent an absolute target. */
  readonly target: string;
  /** Empty when an HTTP/1.0 client sent none. */
  readonly host: string;
  /** As sent; empty when missing. */
  readonly contentType: string;
  /** Bytes announced; undefined for a chunked body and when nothing was announced. */
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  readonly expectsContinue: boolean;
}

export interface EdgeRefusal {
  readonly verdict: 'refuse';
  readonly statusCode: number;
  readonly reason: EdgeReason;
  /** One line: what is wrong, and what would be right. */
  readonly text: string;
}

export interface EdgeLimits {
  /** Header lines in one request. */
  readonly headers: number;
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const ORIGIN_FORM = /^\/[!-"$-~]*$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i;
const VALUE = /^[\t -~\x80-\xff]*$/;
const DIGITS = /^[0-9]{1,15}$/;

export function judgeAtEdge(request: RawRequest, limits: EdgeLimits): EdgePass | EdgeRefusal {
  const { method, httpVersion, rawHeaders } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refuseVersion(httpVersion);
  const withoutBody = method === 'GET' || method === 'HEAD';
  if (method !== 'POST' && !withoutBody) {
    return refuse(405, 'method', `The method ${quoted(method)} is not served here; messages are sent by POST.`);
  }
  if (rawHeaders.length > limits.headers * 2) {
    return refuse(431, 'header-count', `The request has too many headers; at most ${limits.headers} are allowed.`);
  }

  let host: string | undefined;
  let contentType: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let expect: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (!VALUE.test(value)) {
      return refuse(400, 'header-value', `The header ${quoted(name)} holds a control character; only text is allowed.`);
    }
    switch (headerClassOf(name)) {
      case HeaderClass.host:
        if (host !== undefined) return refuseDuplicate('Host');
        host = value;
        break;
      case HeaderClass.contentType:
        if (contentType !== undefined) return refuseDuplicate('Content-Type');
        contentType = value;
        break;
      case HeaderClass.contentLength:
        if (contentLength !== undefined) return refuseDuplicate('Content-Length');
        contentLength = value;
        break;
      case HeaderClass.transferEncoding:
        if (transferEncoding !== undefined) return refuseDuplicate('Transfer-Encoding');
        transferEncoding = value;
        break;
      case HeaderClass.expect:
        if (expect !== undefined) return refuseDuplicate('Expect');
        expect = value;
        break;
      case HeaderClass.upgrade:
        return refuse(400, 'upgrade', 'Upgrade is not served here; speak plain HTTP/1.1.');
      case HeaderClass.oddlyNamed:
      case HeaderClass.invalid:
        return refuse(
          400,
          'header-name',
          `The header name ${quoted(name)} is not allowed; use letters, digits and hyphens.`,
        );
    }
  }

  const framing = judgeFraming(httpVersion, withoutBody, contentLength, transferEncoding);
  if (framing !== undefined) return framing;
  if (expect !== undefined && (httpVersion === '1.0' || expect.toLowerCase() !== '100-continue')) {
    return refuse(417, 'expect', 'The expectation cannot be met; only 100-continue, in HTTP/1.1, is known here.');
  }
  const target = judgeTarget(request.url, httpVersion, host);
  if (typeof target !== 'string') return target;
  return {
    verdict: 'pass',
    target,
    host: host ?? '',
    contentType: contentType ?? '',
    contentLength: contentLength === undefined ? undefined : Number(contentLength),
    isChunked: transferEncoding !== undefined,
    expectsContinue: expect !== undefined,
  };
}

function judgeFraming(
  httpVersion: string,
  withoutBody: boolean,
  contentLength: string | undefined,
  transferEncoding: string | undefined,
): EdgeRefusal | undefined {
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) {
      return refuse(
        400,
        'transfer-encoding',
        'Transfer-Encoding and Content-Length exclude each other; send one of them.',
      );
    }
    if (httpVersion === '1.0') {
      return refuse(400, 'transfer-encoding', 'HTTP/1.0 has no Transfer-Encoding; send Content-Length.');
    }
    if (transferEncoding.toLowerCase() !== 'chunked') {
      return refuse(400, 'transfer-encoding', 'The only Transfer-Encoding served here is chunked.');
    }
    return withoutBody ? refuseBody() : undefined;
  }
  if (contentLength === undefined) return undefined;
  if (!DIGITS.test(contentLength)) {
    return refuse(400, 'content-length', 'Content-Length is not a number of bytes; send decimal digits.');
  }
  return withoutBody && Number(contentLength) > 0 ? refuseBody() : undefined;
}

/** The target in origin form, or why it is refused. */
function judgeTarget(url: string, httpVersion: string, host: string | undefined): string | EdgeRefusal {
  if (host === undefined) {
    if (httpVersion === '1.1') return refuse(400, 'host', 'The Host header is missing; HTTP/1.1 demands one.');
  } else if (!HOST.test(host)) {
    return refuse(400, 'host', 'The Host header is not a host name with an optional port.');
  }
  if (ORIGIN_FORM.test(url)) return url;
  const absolute = ABSOLUTE_FORM.exec(url);
  if (absolute === null) {
    return refuse(
      400,
      'target',
      'The request target is not a path; it begins with / and holds printable ASCII without #.',
    );
  }
  const authority = absolute[1] ?? '';
  const rest = absolute[2] ?? '';
  if (!HOST.test(authority) || (host !== undefined && authority.toLowerCase() !== host.toLowerCase())) {
    return refuse(400, 'host', 'The host of the request target differs from the Host header; they must be the same.');
  }
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  if (!ORIGIN_FORM.test(target)) {
    return refuse(
      400,
      'target',
      'The path of the request target holds characters other than printable ASCII without #.',
    );
  }
  return target;
}

function refuseVersion(httpVersion: string): EdgeRefusal {
  return httpVersion === '0.9'
    ? refuse(400, 'http-version', 'The request line names no HTTP version; HTTP/1.1 and HTTP/1.0 are served.')
    : refuse(505, 'http-version', 'The HTTP version is not served here; HTTP/1.1 and HTTP/1.0 are.');
}

function refuseDuplicate(name: string): EdgeRefusal {
  return refuse(400, 'duplicate-header', `The header ${name} stands twice; send it once.`);
}

function refuseBody(): EdgeRefusal {
  return refuse(400, 'body-not-allowed', 'GET and HEAD have no body here; send it by POST.');
}

function refuse(statusCode: number, reason: EdgeReason, text: string): EdgeRefusal {
  return { verdict: 'refuse', statusCode, reason, text };
}

/** A name of the client's for an answer's text: short and printable. */
function quoted(name: string): string {
  return `"${name.slice(0, 40).replace(/[^!-~]/g, '?')}"`;
}
