/**
 * WBXML in both directions: what the codec of messages and the splicing of single values need of it. Reading is in
 * `decode.ts`, writing in `encode.ts`, the tables that both share in `tokens.ts`.
 */
export { decodeWbxmlDocument, type WbxmlReadOptions } from './decode.ts';
export { encodeWbxmlDocument, encodeWbxmlFragment } from './encode.ts';
