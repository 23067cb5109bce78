import { cp, lstat, mkdir, readFile, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isObject } from '@shared/domain/json'
import { repository } from '../../cluster/repository.ts'
import { startProcess, waitForSuccess } from '../../cluster/startProcess.ts'
import type { WorkFolder } from '../../cluster/workFolder.ts'
import { type Mutation, changed } from './mutation.ts'

/**
 *   workspaces (sources and builds) ─▶ a copy ─▶ the changes ─▶ tsc -b, which builds what they touch
 * The copy's node_modules lead to its own workspaces and, for all else, to the packages of the repository.
 * Gives the copy's command line; throws when a change does not fit or the result does not compile.
 */
export async function sabotagedCopy({ name, changes }: Mutation, folder: WorkFolder): Promise<string> {
  const copy = await folder.make(`sabotage-${name}`)
  for (const workspace of await workspacesOf(repository)) {
    const options = { recursive: true, preserveTimestamps: true, filter: isOurs }
    await cp(path.join(repository, workspace), path.join(copy, workspace), options)
  }
  for (const file of ['package.json', 'tsconfig.base.json'])
    await cp(path.join(repository, file), path.join(copy, file))
  await linkPackages(path.join(repository, 'node_modules'), path.join(copy, 'node_modules'), copy)
  for (const change of changes) {
    const file = path.join(copy, change.file)
    await writeFile(file, changed(await readFile(file, 'utf8'), change))
  }
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const build = { name: `build-${name}`, command: process.execPath, args: [compiler, '-b', 'cli'], env: process.env }
  await waitForSuccess(await startProcess({ ...build, cwd: copy, logs: folder.logs }))
  return path.join(copy, 'cli', 'bin', 'agentview.js')
}

/** All that the command line is made of. */
async function workspacesOf(root: string): Promise<string[]> {
  const described: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  const named = isObject(described) && Array.isArray(described.workspaces) ? described.workspaces : []
  return named.map(String).filter((workspace) => workspace !== 'bench')
}

function isOurs(source: string): boolean {
  return path.basename(source) !== 'node_modules'
}

/** A folder of packages as links: workspaces to where they are in the copy, others to where they are now. */
async function linkPackages(from: string, to: string, copy: string): Promise<void> {
  await mkdir(to)
  for (const name of await readdir(from)) {
    const source = path.join(from, name)
    if (name.startsWith('@') && !(await lstat(source)).isSymbolicLink()) {
      await linkPackages(source, path.join(to, name), copy)
      continue
    }
    const real = await realpath(source)
    const within = path.relative(repository, real)
    const isWorkspace = !within.startsWith('..') && !within.startsWith('node_modules')
    await symlink(isWorkspace ? path.join(copy, within) : real, path.join(to, name))
  }
}
