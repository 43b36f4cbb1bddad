/** How many messages the desks of tests hold, where a test asks for nothing else. */
import type { DeskLimits } from '../../gateway/desk/parts.ts';

/** As many as the configuration allows by default. */
export const USUAL_LIMITS: DeskLimits = { open: 200_000, openPerUser: 20 };
