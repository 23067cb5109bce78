import { ServerConfig } from '@shared/contracts/config'
import { partsOf } from '@shared/contracts/schemaLimits'
import { checkOf } from '@shared/contracts/validate'
import type { ErrorDetail } from '@shared/domain/errors'
import { findJsonFault, type JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { checkSchema } from './checkSchema.ts'
import { ConfigMistake, givenText, type Path, segmentsOf } from './configError.ts'

const checkServerConfig = checkOf(ServerConfig)

/** What the contract's patterns mean, for people. */
const EXPECTED: Record<string, string> = {
  '/agents/*/name': 'lower-case letters, digits and dashes, a letter first, at most 63',
  '/agents/*/url': 'an address that begins with http:// or https://',
  '/agents/*/version': 'three numbers such as 1.2.0',
  '/agents/*/runs/*/output/scores/*/name': 'letters, digits, _ and -, a letter first, at most 64',
  '/agents/*/runs/*/type': 'letters, digits, _ and -, a letter first, at most 64',
}

const SECRETS: ReadonlySet<unknown> = new Set(['apiKey', 'secret'])

/** The server's part of a config, if it is sound. Throws ConfigMistake with the first thing that isn't. */
export function checkConfig(part: unknown): ServerConfig {
  const checked = checkServerConfig(part)
  if (!checked.ok) throw contractMistake(part, checked.details[0])
  refuseDuplicates(checked.value)
  refuseUnclearAuth(checked.value)
  for (const [index, agent] of checked.value.agents.entries()) {
    const path = ['agents', index]
    refuseMissingProtocol(agent, path)
    let parts = 0
    for (const [schema, at] of schemasOf(agent, path)) {
      checkSchema(schema, at)
      parts += partsOf(schema)
    }
    refuseManyParts(parts, path)
    const fault = findJsonFault(agent, tunables.jsonDepth)
    if (fault) throw new ConfigMistake([...path, ...segmentsOf(fault.path)], fault.message)
  }
  return checked.value
}

function contractMistake(part: unknown, detail: ErrorDetail | undefined): ConfigMistake {
  const path = segmentsOf(detail?.path ?? '')
  const expected = EXPECTED[path.map((segment) => `/${typeof segment === 'number' ? '*' : segment}`).join('')]
  const meaning = detail?.message.startsWith('must match') && expected !== undefined ? ` (${expected})` : ''
  // A key is told to nobody, not even to whoever reads the terminal or a log of CI.
  const given = SECRETS.has(path.at(-1)) ? '' : givenText(part, path)
  return new ConfigMistake(path, `${detail?.message ?? 'is not valid'}${meaning}${given}`)
}

function refuseDuplicates({ agents }: ServerConfig): void {
  const name = duplicate(agents.map((agent) => agent.name))
  if (name)
    throw new ConfigMistake(
      ['agents', name.index, 'name'],
      `"${name.value}" is already the name of agents[${name.first}]`,
    )
  for (const [index, agent] of agents.entries()) {
    const type = duplicate(agent.runs.map((run) => run.type))
    if (type) {
      const path = ['agents', index, 'runs', type.index, 'type']
      throw new ConfigMistake(path, `"${type.value}" is already the type of agents[${index}].runs[${type.first}]`)
    }
    for (const [number, run] of agent.runs.entries()) refuseDuplicateScores(run, ['agents', index, 'runs', number])
  }
}

function refuseDuplicateScores({ output }: ServerConfig['agents'][number]['runs'][number], path: Path): void {
  const name = duplicate((output?.scores ?? []).map((score) => score.name))
  if (!name) return
  const at = [...path, 'output', 'scores', name.index, 'name']
  throw new ConfigMistake(at, `"${name.value}" is already the name of scores[${name.first}]`)
}

function refuseUnclearAuth({ auth }: ServerConfig): void {
  if (!auth) return
  if ((auth.secret === undefined) === (auth.jwksUrl === undefined))
    throw new ConfigMistake(['auth'], 'needs either secret or jwksUrl, by which tokens of your own are verified')
  // Who issues them may do so for others as well, with the same keys.
  if (auth.jwksUrl !== undefined && (auth.issuer === undefined || auth.audience === undefined))
    throw new ConfigMistake(
      ['auth'],
      'needs issuer and audience beside jwksUrl: the same keys may sign tokens for others',
    )
}

function refuseManyParts(parts: number, path: Path): void {
  const { partsOfAgent } = tunables.tenantSchema
  if (parts > partsOfAgent)
    throw new ConfigMistake(path, `has schemas of ${parts} parts in all; ${partsOfAgent} are the most`)
}

function refuseMissingProtocol({ protocol, openai, agUi }: ServerConfig['agents'][number], path: Path): void {
  if (protocol === 'openai' && !openai)
    throw new ConfigMistake([...path, 'protocol'], 'is "openai", which needs openai: { model: "…" } beside it')
  if (protocol !== 'openai' && openai)
    throw new ConfigMistake([...path, 'openai'], 'counts only with protocol: "openai" beside it')
  if (protocol !== 'ag-ui' && agUi)
    throw new ConfigMistake([...path, 'agUi'], 'counts only with protocol: "ag-ui" beside it')
}

function duplicate(values: readonly string[]): { value: string; index: number; first: number } | null {
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value)
    if (first < index) return { value, index, first }
  }
  return null
}

function* schemasOf(agent: ServerConfig['agents'][number], path: Path): Generator<[JsonObject, Path]> {
  for (const [key, schema] of Object.entries(agent.metadata ?? {})) yield [schema, [...path, 'metadata', key]]
  for (const member of ['openai', 'agUi'] as const)
    for (const [index, { parameters }] of (agent[member]?.tools ?? []).entries())
      if (parameters) yield [parameters, [...path, member, 'tools', index, 'parameters']]
  for (const [index, run] of agent.runs.entries()) {
    const at = [...path, 'runs', index]
    if (run.input) yield [run.input.schema, [...at, 'input', 'schema']]
    if (run.output) yield [run.output.schema, [...at, 'output', 'schema']]
    for (const [number, { schema }] of (run.output?.scores ?? []).entries())
      yield [schema, [...at, 'output', 'scores', number, 'schema']]
    for (const [number, step] of (run.steps ?? []).entries()) {
      yield [step.schema, [...at, 'steps', number, 'schema']]
      if (step.callResult) yield [step.callResult.schema, [...at, 'steps', number, 'callResult', 'schema']]
    }
  }
}
