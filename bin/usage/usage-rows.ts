/** What was done with keys, by day (UTC) and key. */

export interface UsageRow {
  /** Such as `2026-11-24`. */
  readonly day: string;
  /** Empty: requests that showed no key, or none that is known. */
  readonly keyId: string;
  /** Requests that the gate let pass. */
  readonly requests: number;
  /** Characters of the text to speak in these requests, as far as they could be told. */
  readonly characters: number;
  /** Requests that the gate refused. */
  readonly refusals: number;
}

/** A day in UTC. */
export interface Day {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** Milliseconds since the epoch; outside. */
  readonly end: number;
}

export const DAY = 86_400_000;

export function dayOf(time: number): Day {
  const start = Math.floor(time / DAY) * DAY;
  return { name: new Date(start).toISOString().slice(0, 10), start, end: start + DAY };
}

/** Sums a day's requests by key. */
export class DayUsage {
  private readonly byKey = new Map<string, { requests: number; characters: number; refusals: number }>();

  constructor(private readonly day: Day) {}

  add(keyId: string, decision: string, requests: number, characters: number): void {
    const sum = this.byKey.get(keyId) ?? { requests: 0, characters: 0, refusals: 0 };
    if (decision === 'allow') {
      sum.requests += requests;
      sum.characters += characters;
    } else {
      sum.refusals += requests;
    }
    this.byKey.set(keyId, sum);
  }

  rows(): readonly UsageRow[] {
    return [...this.byKey]
      .map(([keyId, sum]) => ({ day: this.day.name, keyId, ...sum }))
      .sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  }
}
