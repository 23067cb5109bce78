/** What of a workspace's package.json is published. */
export interface Manifest {
  name: string
  version: string
  license: string
  description: string
  dependencies: Record<string, string>
  /** What the project that uses it brings along. */
  peerDependencies?: Record<string, string>
}

const ENTRY = {
  import: { types: './types/index.d.ts', default: './index.js' },
  require: { types: './types/index.d.cts', default: './index.cjs' },
}

/** The published package.json: the workspace's, without what only this repository understands. */
export function publishedManifest(
  { name, version, license, description, dependencies, peerDependencies }: Manifest,
  ours: Manifest[],
) {
  const versions = new Map(ours.map((other) => [other.name, other.version]))
  const released = Object.entries(dependencies).map(([dependency, range]) => [
    dependency,
    versions.has(dependency) ? `^${versions.get(dependency)}` : range,
  ])
  return {
    name,
    version,
    license,
    description,
    engines: { node: '>=20.19' },
    type: 'module',
    sideEffects: false,
    main: './index.cjs',
    module: './index.js',
    types: './types/index.d.cts',
    exports: { '.': ENTRY, './package.json': './package.json' },
    files: ['index.js', 'index.cjs', 'index.js.map', 'index.cjs.map', 'types'],
    dependencies: Object.fromEntries(released) as Record<string, string>,
    ...(peerDependencies && { peerDependencies }),
  }
}
