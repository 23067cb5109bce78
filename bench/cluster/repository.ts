import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder, from wherever this file runs: its source, or its build in dist. */
export const repository = findUp(path.dirname(fileURLToPath(import.meta.url)))

/** `node <these>` runs a command of AgentView's command line. */
export const agentview = path.join(repository, 'cli', 'bin', 'agentview.js')

function findUp(folder: string): string {
  if (existsSync(path.join(folder, 'package-lock.json'))) return folder
  const above = path.dirname(folder)
  if (above === folder) throw new Error('this does not run inside the repository of AgentView')
  return findUp(above)
}
