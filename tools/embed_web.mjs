// Usage: node tools/embed_web.mjs DIST OUT
//
// Writes OUT/web_files.S, the bytes of every file below DIST, plain and compressed, for the
// assembler to take in, and OUT/web_files.cc, the table of them (src/app/web_files.h).
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [dist, out] = process.argv.slice(2);

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

// A compressed form has to be worth its bytes: pictures and the like are compressed already.
const WORTH = 0.95;

function forms(bytes) {
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: bytes.length > 4_000_000 ? 9 : 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  const worth = (form) => (form.length < bytes.length * WORTH ? form : undefined);
  return { bytes, gzip: worth(gzip), brotli: worth(brotli) };
}

const packed = join(out, 'packed');
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });

const assembly = ['.section .rodata'];
const declarations = [];
const rows = [];
filesBelow(dist).forEach((path, index) => {
  const fields = [`.path = ${JSON.stringify('/' + relative(dist, path))}`];
  for (const [form, content] of Object.entries(forms(readFileSync(path)))) {
    if (content === undefined) continue;
    const symbol = `vams_web_${index}_${form}`;
    const file = join(packed, symbol);
    writeFileSync(file, content);
    // The digest makes the text change with the content, so that no cache takes one for another.
    const digest = createHash('sha256').update(content).digest('hex');
    assembly.push(
      `.global ${symbol}`,
      `${symbol}: .incbin ${JSON.stringify(file)}  /* ${digest} */`,
    );
    declarations.push(`extern const char ${symbol}[];`);
    fields.push(`.${form} = {${symbol}, ${content.length}}`);
  }
  rows.push(`      {${fields.join(', ')}},`);
});
assembly.push('.section .note.GNU-stack,"",@progbits', '');

writeFileSync(join(out, 'web_files.S'), assembly.join('\n'));
writeFileSync(
  join(out, 'web_files.cc'),
  `#include "app/web_files.h"

extern "C" {
${declarations.join('\n')}
}

namespace vams::app {

const std::vector<http::StaticFile>& WebFiles() {
  static const std::vector<http::StaticFile> files = {
${rows.join('\n')}
  };
  return files;
}

}  // namespace vams::app
`,
);
