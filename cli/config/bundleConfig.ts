import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  build,
  type BuildFailure,
  type BuildResult,
  type Loader,
  type OnResolveArgs,
  type OnResolveResult,
  type Plugin,
  type PluginBuild,
} from 'esbuild'
import { ConfigError, messageOf, type Place } from './configError.ts'
import { markLiterals, MARK, newSources, type Sources, sourceColumn } from './markLiterals.ts'

/**
 * A config and the files it imports, as one module that Node can load:
 *   own files           -> compiled, literals marked
 *   installed packages  -> imported from where they are found from the importing file
 *   the rest            -> stand-ins (absent.ts): React, styles and other assets, packages that are missing or don't load
 */
export interface Bundle {
  code: string
  sourceMap: string
  sources: Sources
  /** The file URLs of the packages that the code imports at load. */
  packages: string[]
  /** The user's own files that it was made of. */
  files: string[]
}

/** Where the bundle exports which literal made which value. */
export const LITERALS = '__agentview_literals'

const ABSENT = 'agentview-absent'
const HERE = extname(import.meta.url)
const ABSENT_MODULE = fileURLToPath(new URL(`./absent${HERE}`, import.meta.url))
const DEFINE_CONFIG = fileURLToPath(new URL(`../defineConfig${HERE}`, import.meta.url))

const SOURCE = /\.([cm]?[jt]sx?)$/
const ASSET =
  /\.(css|s[ac]ss|less|styl|pcss|svg|png|jpe?g|gif|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp[34]|webm|og[gv]|wav|pdf|html?|mdx?|txt|vue|svelte|wasm|glb)(\?.*)?$|\?[a-z]+$/i
const REACT = /^react(-dom)?(\/|$)/
const LOADABLE = /\.([cm]?js|node)$/

/**
 * Bundles a config. `unloadable` are packages (file URLs) to replace by stand-ins, with the reason.
 * Throws ConfigError for a syntax error or a file that isn't there.
 */
export async function bundleConfig(file: string, unloadable: ReadonlyMap<string, string>): Promise<Bundle> {
  const sources = newSources()
  const result = await compile(file, [resolveImports(unloadable), markSources(sources)]).catch((failure: unknown) => {
    throw syntaxError(file, failure, sources)
  })
  const [output] = Object.values(result.metafile.outputs).filter((output) => output.entryPoint !== undefined)
  const imports = output?.imports.filter(({ external, kind }) => external && kind === 'import-statement') ?? []
  return {
    code: textOf(result, '.mjs'),
    sourceMap: textOf(result, '.map'),
    sources,
    packages: imports.map(({ path }) => path).filter((path) => path.startsWith('file:')),
    files: ownFiles(Object.keys(result.metafile.inputs), dirname(file)),
  }
}

/** esbuild names files relative to where it works, and what is not a file with its namespace. */
function ownFiles(inputs: readonly string[], folder: string): string[] {
  return inputs
    .filter((input) => !/^[a-z-]{2,}:|(^|[\\/])node_modules[\\/]/.test(input))
    .map((input) => resolve(folder, input))
    .filter((path) => path !== ABSENT_MODULE && path !== DEFINE_CONFIG)
}

function compile(file: string, plugins: Plugin[]) {
  const folder = dirname(file)
  return build({
    absWorkingDir: folder,
    entryPoints: [file],
    outfile: join(folder, 'config.mjs'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Not inline: a loader that applies source maps by itself (tsx) would leave stacks that this one can't read.
    sourcemap: 'external',
    jsx: 'automatic',
    // Packages are found as Node finds them, without the bundlers' condition `module`.
    conditions: [],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    plugins,
    banner: {
      js: `const ${LITERALS} = new WeakMap(), ${MARK} = (number, value) => (${LITERALS}.set(value, number), value);`,
    },
    footer: { js: `export { ${LITERALS} };` },
  })
}

function textOf(result: BuildResult<{ write: false }>, ending: string): string {
  return result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
}

function resolveImports(unloadable: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'agentview-imports',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => {
        if (args.pluginData === ABSENT || args.kind === 'entry-point' || args.namespace === ABSENT) return undefined
        if (ASSET.test(args.path)) return absence(args.path, 'is an asset, which the server side does not load')
        if (/^\.{0,2}\/|^\.{1,2}$|^[a-zA-Z]:[\\/]/.test(args.path)) return undefined
        return resolvePackage(build, args, unloadable)
      })
      build.onLoad({ filter: /.*/, namespace: ABSENT }, ({ path, pluginData }) => ({
        contents: `module.exports = require(${JSON.stringify(ABSENT_MODULE)}).absent(${JSON.stringify(path)}, ${JSON.stringify(pluginData)})`,
        resolveDir: dirname(ABSENT_MODULE),
      }))
    },
  }
}

async function resolvePackage(
  build: PluginBuild,
  args: OnResolveArgs,
  unloadable: ReadonlyMap<string, string>,
): Promise<OnResolveResult> {
  const { path: name, importer, kind, namespace, resolveDir } = args
  if (name === 'agentview/defineConfig') return { path: DEFINE_CONFIG }
  if (REACT.test(name)) return absence(name, 'is not loaded on the server side')
  if (/^https?:/.test(name)) return absence(name, 'is an address, which is not loaded on the server side')
  const found = await build.resolve(name, { importer, kind, namespace, resolveDir, pluginData: ABSENT })
  if (found.errors.length > 0) return absence(name, `can not be found from ${resolveDir} (is it installed?)`)
  if (found.external) return { path: found.path, external: true }
  if (ASSET.test(found.path)) return absence(name, 'is an asset, which the server side does not load')
  const url = pathToFileURL(found.path).href
  const reason = unloadable.get(url)
  if (reason !== undefined) return absence(name, reason)
  // A workspace's own sources are compiled like the config's; only what Node loads by itself stays outside.
  if (/[\\/]node_modules[\\/]/.test(found.path) && LOADABLE.test(found.path)) return { path: url, external: true }
  return { path: found.path, namespace: found.namespace, sideEffects: found.sideEffects, pluginData: found.pluginData }
}

function absence(name: string, reason: string): OnResolveResult {
  return { path: name, namespace: ABSENT, pluginData: reason, sideEffects: false }
}

function markSources(sources: Sources): Plugin {
  return {
    name: 'agentview-marks',
    setup(build) {
      build.onLoad({ filter: SOURCE }, async ({ path }) => {
        if (/[\\/]node_modules[\\/]/.test(path) || path === ABSENT_MODULE) return undefined
        const text = await readFile(path, 'utf8')
        return { contents: markLiterals(path, text, pathToFileURL(path).href, sources), loader: loaderOf(path) }
      })
    },
  }
}

function loaderOf(path: string): Loader {
  const ending = SOURCE.exec(path)?.[1] ?? ''
  if (ending.includes('t')) return ending === 'tsx' ? 'tsx' : 'ts'
  return 'jsx'
}

function syntaxError(file: string, failure: unknown, sources: Sources): ConfigError {
  const message = isBuildFailure(failure) ? failure.errors[0] : undefined
  if (!message) return new ConfigError({ file }, `can't be bundled: ${messageOf(failure)}`, { cause: failure })
  const place: Place = { file }
  const at = message.location
  if (at) {
    // esbuild counts columns in bytes.
    const column = Buffer.from(at.lineText).subarray(0, at.column).toString().length + 1
    place.file = join(dirname(file), at.file)
    place.line = at.line
    place.column = sourceColumn(sources, place.file, { line: at.line, column })
  }
  return new ConfigError(place, message.text || `can't be read: ${basename(file)}`, { cause: failure })
}

function isBuildFailure(failure: unknown): failure is BuildFailure {
  return failure instanceof Error && 'errors' in failure && Array.isArray(failure.errors)
}
