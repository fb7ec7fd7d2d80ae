import type { Bytes } from './bytes.js';

/** A request as a web ACL's rules see it. */
export interface InspectedRequest {
  readonly method: Bytes;
  readonly path: Bytes;
  /** Without `?`. */
  readonly query: Bytes;
  readonly headers: readonly (readonly [name: Bytes, value: Bytes])[];
  /** The beginning of the body; longer than what is inspected tells that there is more. */
  readonly body: Bytes;
  readonly client: string;
  /** Labels of the rules that matched before, with their full names. */
  readonly labels: readonly string[];
}
