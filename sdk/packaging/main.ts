import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundle } from './bundle.ts'
import { copyTypes } from './copyTypes.ts'
import { type Manifest, publishedManifest } from './manifest.ts'
import { PUBLISHED, ROOT, stageOf } from './packages.ts'

// Makes each published package ready in `<package>/dist/package`, or in the folder that is named, from what `tsc -b` has built:
//   dist/index.js ─▶ bundle     index.js, index.cjs
//   dist/*.d.ts   ─▶ copyTypes  types/*.d.ts, types/*.d.cts
//   package.json  ─▶ manifest   package.json;  README.md and LICENSE as they are

const [, , asked] = process.argv
const manifests = await Promise.all(
  PUBLISHED.map(
    async (folder) => JSON.parse(await readFile(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest,
  ),
)
await Promise.all(PUBLISHED.map((folder, index) => stage(folder, manifests[index]!)))

async function stage(folder: string, manifest: Manifest): Promise<void> {
  const into = stageOf(folder, asked)
  await rm(into, { recursive: true, force: true })
  await mkdir(into, { recursive: true })
  const built = path.join(ROOT, folder, 'dist')
  const others = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  await bundle(path.join(built, 'index.js'), others, into)
  await copyTypes(built, path.join(into, 'types'))
  const published = JSON.stringify(publishedManifest(manifest, manifests), null, 2)
  await writeFile(path.join(into, 'package.json'), `${published}\n`)
  await copyFile(path.join(ROOT, folder, 'README.md'), path.join(into, 'README.md'))
  await copyFile(path.join(ROOT, 'LICENSE'), path.join(into, 'LICENSE'))
}
