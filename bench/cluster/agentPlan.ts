import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { AgentConfig } from '@shared/contracts/config'

/** An agent app of the repository, in a process of its own. */
export interface AgentPlan {
  /** Runs the program; Node unless said. */
  command?: string
  /** Its program, from the repository; gets PORT and AGENTVIEW_SIGNING_SECRET. */
  program: string
  /** All served by this one program. */
  definitions: readonly Omit<AgentConfig, 'url'>[]
}

/** A plain object: from a temporary folder there is no `agentview` to import defineConfig from. */
export async function writeConfig(
  folder: string,
  { definitions }: Pick<AgentPlan, 'definitions'>,
  url: string,
): Promise<string> {
  const config = { agents: definitions.map((definition) => ({ ...definition, url: `${url}/` })) }
  const file = path.join(folder, 'agentview.config.ts')
  await writeFile(file, `export default ${JSON.stringify(config, null, 2)}\n`)
  return file
}
