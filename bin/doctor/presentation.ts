/** How the findings look on the terminal. */

import { columns } from '../keys/presentation';
import type { CheckResult, Finding } from './check';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: '✓', failed: '✗', unknown: '?' };

export function doctorTable(results: readonly CheckResult[]): string {
  const rows = results.map(({ name, finding }) => [MARKS[finding.state], name, printable(finding.detail)]);
  const remedies = results.flatMap(({ name, finding }) =>
    finding.state === 'failed' ? [`✗ ${name}: ${finding.remedy}`] : [],
  );
  return columns(rows) + (remedies.length === 0 ? '' : `\n${remedies.join('\n')}\n`);
}

/** What a server chose may not move the cursor or colour the screen. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, 160);
}
