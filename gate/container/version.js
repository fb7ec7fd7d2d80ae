// The smallest program: it writes njs's version into a file and ends.
// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';

function tell() {
  fs.writeFileSync(`${ngx.prefix}njs-version`, njs.version);
  process.kill(process.pid, 'SIGTERM');
}

export default { tell };
