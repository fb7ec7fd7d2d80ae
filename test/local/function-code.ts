import { runCommand } from '../../local/launch/command.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';

/** The zip of a Lambda function with one file, made by Python's standard library. */
export async function functionCode(source: string): Promise<Buffer> {
  const { python } = await ensureTools();
  const script = [
    'import base64, io, sys, zipfile',
    'b = io.BytesIO()',
    "with zipfile.ZipFile(b, 'w') as z: z.writestr('index.js', sys.argv[1])",
    'print(base64.b64encode(b.getvalue()).decode())',
  ];
  const { stdout } = await runCommand(python, ['-c', script.join('\n'), source]);
  return Buffer.from(stdout.trim(), 'base64');
}
