import type { InspectedRequest } from './inspected-request.js';

export type Matcher = (request: InspectedRequest) => boolean;

/** What a statement means, or why it is not emulated. */
export type Compiled = Matcher | { readonly missing: string };
