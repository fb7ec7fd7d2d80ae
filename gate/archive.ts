import { gzipSync } from 'node:zlib';

export interface ArchiveFile {
  readonly name: string;
  readonly text: string;
}

const BLOCK = 512;

/** A gzipped tar archive that is the same, byte for byte, whenever its files are: no times, no owners. */
export function archive(files: readonly ArchiveFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const { name, text } of files) {
    const content = Buffer.from(text, 'utf8');
    parts.push(header(name, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  const packed = gzipSync(Buffer.concat(parts), { level: 9 });
  // The byte that names the operating system of who packed it.
  packed[9] = 255;
  return packed;
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'ascii');
  block.write('0000644\0', 100, 'ascii');
  block.write('0000000\0', 108, 'ascii');
  block.write('0000000\0', 116, 'ascii');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'ascii');
  block.write('00000000000\0', 136, 'ascii');
  block.write('        ', 148, 'ascii');
  block.write('0', 156, 'ascii');
  block.write('ustar\x0000', 257, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
