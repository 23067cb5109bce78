import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AgentConfig, AuthConfig } from '@shared/contracts/config'
import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'
import { isObject } from '@shared/domain/json'
import { absenceOf } from './absent.ts'
import { checkConfig } from './checkConfig.ts'
import { ConfigError, ConfigMistake, pathText, type Path, type Place } from './configError.ts'
import { importConfig, type LoadedConfig } from './importConfig.ts'
import { serverPart } from './serverPart.ts'

/**
 *   importConfig -> bundle (esbuild), run, default export
 *   serverPart   -> Studio's members out, schemas to JSON Schema
 *   checkConfig  -> contract, unique names, every schema compiles
 *   definitionOf -> defaults in
 * What goes wrong anywhere is one ConfigError with its place in the source.
 */
const EXAMPLE = `import { defineConfig } from 'agentview/defineConfig'

export default defineConfig({
  agents: [{
    name: 'support',
    url: 'http://localhost:4100/support',
    version: '1.0.0',
    runs: [{ type: 'chat' }],
  }],
})`

/** What the server takes from a config file. */
export interface ServerPart {
  /** As they are published. */
  agents: AgentDefinition[]
  /** How the customer's own tokens are verified; null: there are none. */
  auth: AuthConfig | null
  /** The user's own files that it was made of: the config and what it imports of them. */
  files: string[]
}

/**
 * The server's part of a config file (`agentview.config.ts`, `.tsx`, `.js`). Each call loads it afresh, with the files it
 * imports. Throws ConfigError, whose message a person can act on.
 */
export async function loadConfig(file: string): Promise<ServerPart> {
  const path = resolve(file)
  await refuseMissing(path)
  const loaded = await importConfig(path)
  try {
    refuseOtherExports(loaded.value)
    const { agents, auth = null } = checkConfig(serverPart(loaded.value, path))
    return { agents: agents.map(definitionOf), auth, files: loaded.files }
  } catch (error) {
    if (!(error instanceof ConfigMistake)) throw error
    throw new ConfigError(placeOf(loaded, error.path), `${pathText(error.path)} ${error.message}`)
  }
}

async function refuseMissing(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isFile()) return
  if (found) throw new ConfigError({ file: path }, 'is not a file; give the path of the config itself')
  throw new ConfigError({ file: path }, `there is no such file. Make one like this:\n\n${EXAMPLE}\n`)
}

function refuseOtherExports(value: unknown): void {
  if (isObject(value) || absenceOf(value)) return
  const wanted = 'end it with `export default defineConfig({ agents: […] })`'
  if (value === undefined) throw new ConfigMistake([], `has no default export; ${wanted}`)
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  throw new ConfigMistake([], `must be an object, but the default export is ${kind}; ${wanted}`)
}

function definitionOf(agent: AgentConfig): AgentDefinition {
  const { protocol = 'agentview', policy = {}, ...rest } = agent
  return {
    ...rest,
    protocol,
    policy: {
      history: { ...DEFAULT_POLICY.history, ...policy.history },
      timeouts: { ...DEFAULT_POLICY.timeouts, ...policy.timeouts },
      retries: { ...DEFAULT_POLICY.retries, ...policy.retries },
      onBusy: policy.onBusy ?? DEFAULT_POLICY.onBusy,
    },
  }
}

/** The line of what stands at a path, or of the nearest thing around it that is written in a source. */
function placeOf({ value: config, place, literalOf }: LoadedConfig, path: Path): Place {
  let best: Place = literalOf(config) ?? place
  let value = config
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) break
    const holder = literalOf(value)
    const member = holder?.members.get(String(segment))
    if (holder && member) best = { file: holder.file, ...member }
    value = Reflect.get(value, segment)
    const own = literalOf(value)
    if (own && !(own.file === best.file && own.line === best.line)) best = own
  }
  return {
    file: best.file,
    ...(best.line !== undefined && { line: best.line }),
    ...(best.column !== undefined && { column: best.column }),
  }
}
