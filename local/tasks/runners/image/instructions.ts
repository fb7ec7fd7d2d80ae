import { type Copy, DockerfileParser, type Instruction as Parsed, type Run } from 'dockerfile-ast';

/** One instruction of a Dockerfile, as dockerfile-ast finds its bounds, flags and here-documents. */
export interface Instruction {
  /** The line it begins on, from 1. */
  readonly line: number;
  /** Upper case. */
  readonly name: string;
  /** Without flags, comments and here-documents; continued lines joined. */
  readonly rest: string;
  /** `--name=value` before the arguments. */
  readonly flags: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

export interface Heredoc {
  readonly name: string;
  readonly content: string;
}

/** The instructions of a Dockerfile, in order. */
export function readInstructions(text: string): Instruction[] {
  const source = withoutComments(text.replace(/^\ufeff/, ''));
  const lines = source.split(/\r?\n/);
  return DockerfileParser.parse(source)
    .getInstructions()
    .map((parsed) => {
      const heredocs = heredocsOf(parsed, lines);
      const whole = parsed.getArgumentsContent() ?? '';
      return {
        line: parsed.getRange().start.line + 1,
        name: parsed.getKeyword(),
        rest: (heredocs.length > 0 ? (whole.split('\n')[0] ?? '') : whole).trim(),
        flags: flagsOf(parsed),
        heredocs,
      };
    });
}

/** A comment may stand between two lines of one instruction, where the parser would leave it among the words. */
function withoutComments(text: string): string {
  const lines = text.split('\n');
  for (const comment of DockerfileParser.parse(text).getComments()) {
    const range = comment.getRange();
    if (range !== null) lines[range.start.line] = '';
  }
  return lines.join('\n');
}

function flagsOf(parsed: Parsed): string[] {
  const flagged = parsed as unknown as Partial<Copy>;
  return (flagged.getFlags?.() ?? []).map((flag) => {
    const value = flag.getValue();
    return value === null ? `--${flag.getName()}` : `--${flag.getName()}=${value}`;
  });
}

function heredocsOf(parsed: Parsed, lines: readonly string[]): Heredoc[] {
  const holder = parsed as unknown as Partial<Run>;
  return (holder.getHeredocs?.() ?? []).map((heredoc) => {
    const range = heredoc.getContentRange();
    const content = range === null ? [] : lines.slice(range.start.line, range.end.line + 1);
    return { name: heredoc.getName(), content: content.map((line) => `${line}\n`).join('') };
  });
}
