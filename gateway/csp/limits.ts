/** How much of a message the codec reads before it refuses [reliability §2]. Sizes are bytes of the encoded message. */

export interface CodecLimits {
  readonly bodyBytes: number;
  /** Elements inside one another, the root counted. */
  readonly depth: number;
  readonly elements: number;
  /** Attributes on one element. */
  readonly attributes: number;
  readonly nameBytes: number;
  /** Text of one element. */
  readonly textBytes: number;
}

export const DEFAULT_LIMITS: CodecLimits = {
  bodyBytes: 512 * 1024,
  depth: 32,
  elements: 4000,
  attributes: 32,
  nameBytes: 64,
  textBytes: 256 * 1024,
};

/** WBXML alone: decoded output is at most this many times the input, plus a fixed amount; page switches are bounded. */
export const WBXML_EXPANSION = { factor: 8, extraBytes: 4096, pageSwitchesPerThousandTokens: 64 } as const;
