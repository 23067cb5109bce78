import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** Prints the bytes of what a page with this module loads, with all its packages, as a bundler makes it and gzip sends it. */
const [code = ''] = process.argv.slice(2)
const build = await rolldown({
  input: 'page.js',
  platform: 'browser',
  plugins: [
    {
      name: 'page',
      resolveId: (id) => (id === 'page.js' ? id : null),
      load: (id) => (id === 'page.js' ? code : null),
    },
  ],
})
const { output } = await build.generate({ format: 'esm', minify: true })
console.log(output.reduce((sum, part) => sum + gzipSync(part.type === 'chunk' ? part.code : part.source).length, 0))
