/**
 * Puts the pages before the clients' listener: it is offered every request that the edge gate let pass, and takes those
 * for pages [reliability §1, §6]. Forms are read up to their limit, and no more requests are worked on at once than there
 * is room for.
 */
import type { ServerResponse } from 'node:http';
import type { BodyTaker, ClientMessage } from '../http/body.ts';
import { MOST_FORM_BYTES, type PagePlace, type PageReply, type Pages } from './pages.ts';

/** Requests for pages that are worked on at the same time. */
const MOST_RUNNING = 256;
/** Bytes beyond the limit that are read and thrown away, so that the browser gets to read the answer. */
const LINGER_BYTES = 1024 * 1024;

export interface PageServer {
  /** True when the request is for a page: it is answered here. */
  handle(request: ClientMessage, response: ServerResponse): boolean;
}

export function createPageServer(pages: Pages): PageServer {
  let running = 0;
  return {
    handle(request, response) {
      const place = pages.placeOf(request.method ?? '', request.url ?? '');
      if (place === undefined) return false;
      const acceptLanguage = request.headers['accept-language'] ?? '';
      if (running >= MOST_RUNNING) {
        refuse(request, response, pages.busy(place, acceptLanguage));
        return true;
      }
      running += 1;
      response.on('close', () => {
        running -= 1;
      });
      new PageExchange(pages, place, acceptLanguage, response).serve(request);
      return true;
    },
  };
}

class PageExchange implements BodyTaker {
  readonly #pages: Pages;
  readonly #place: PagePlace;
  readonly #acceptLanguage: string;
  readonly #response: ServerResponse;

  constructor(pages: Pages, place: PagePlace, acceptLanguage: string, response: ServerResponse) {
    this.#pages = pages;
    this.#place = place;
    this.#acceptLanguage = acceptLanguage;
    this.#response = response;
  }

  serve(request: ClientMessage): void {
    if (request.method !== 'POST') void this.#answer(request, Buffer.alloc(0)).then((reply) => this.#send(reply));
    else if (Number(request.headers['content-length'] ?? 0) > MOST_FORM_BYTES) this.bodyTooLarge(request);
    else request.collectBody(MOST_FORM_BYTES, this);
  }

  bodyComplete(request: ClientMessage, body: Buffer): void {
    void this.#answer(request, body).then((reply) => this.#send(reply));
  }

  bodyTooLarge(request: ClientMessage): void {
    void this.#answer(request, undefined).then((reply) => refuse(request, this.#response, reply));
  }

  #answer(request: ClientMessage, body: Buffer | undefined): Promise<PageReply> {
    const contentType = request.headers['content-type'] ?? '';
    const { method = '' } = request;
    return this.#pages.answer(this.#place, { method, contentType, acceptLanguage: this.#acceptLanguage, body });
  }

  #send({ statusCode, headers, body }: PageReply): void {
    this.#response.writeHead(statusCode, [...headers]);
    this.#response.end(body);
  }
}

/** Answers at once and closes the connection when the browser has stopped sending: earlier would take the answer from it. */
function refuse(request: ClientMessage, response: ServerResponse, { statusCode, headers, body }: PageReply): void {
  response.writeHead(statusCode, [...headers, 'Connection', 'close']);
  response.write(body);
  let lingered = 0;
  request.on('data', (chunk: Buffer) => {
    lingered += chunk.length;
    if (lingered > LINGER_BYTES) request.socket.destroy();
  });
  request.on('end', () => response.end());
  if (request.readableEnded) response.end();
}
