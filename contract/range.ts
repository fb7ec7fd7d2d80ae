/** What a number may be: for props, `-c` keys, packing and documentation alike. */
export interface Range {
  readonly least: number;
  readonly most: number;
  /** Of what: completes "0 to 3600 …". */
  readonly unit: string;
}

export function range(least: number, most: number, unit: string): Range {
  return { least, most, unit };
}
