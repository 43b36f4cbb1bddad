/** The tokens of WBXML itself, the same on every code page [WBXML 1.3 §7.1]. Those that CSP has no use for are left out. */

export const SWITCH_PAGE = 0x00;
export const END = 0x01;
export const ENTITY = 0x02;
export const STR_I = 0x03;
/** With {@link HAS_CONTENT} and {@link HAS_ATTRIBUTES} as any tag; also an attribute without a token. */
export const LITERAL = 0x04;
export const PI = 0x43;
export const EXT_T_0 = 0x80;
export const STR_T = 0x83;
export const OPAQUE = 0xc3;

/** A tag with content; it ends with END. */
export const HAS_CONTENT = 0x40;
/** A tag with attributes; their list ends with END. */
export const HAS_ATTRIBUTES = 0x80;
