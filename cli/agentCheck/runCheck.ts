import type { JsonObject } from '@shared/domain/json'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { readCredentials } from '../credentials.ts'
import { checkAgent } from './checkAgent.ts'
import type { CheckedProtocol } from './checkedProtocols.ts'
import { type Verdict, formatFinding } from './finding.ts'

/** `agentview agent check` with its options, read. */
export interface CheckFlags {
  protocol: CheckedProtocol
  apiKey?: string
  secret?: string
  input: JsonObject
  metadata: JsonObject
  type: string
  /** For each call, in seconds. */
  timeout: number
}

/** Tries an agent app and prints what is found; the process's exit code is 1 when something is wrong. */
export async function runCheck(
  url: string,
  { protocol, apiKey, input, metadata, type, timeout, secret }: CheckFlags,
): Promise<void> {
  const credentials = secret === undefined ? await readCredentials(process.env.AGENTVIEW_DATA ?? '.agentview') : null
  const known = secret ?? credentials?.agentSigningSecret ?? null
  const counts: Record<Verdict, number> = { good: 0, doubtful: 0, bad: 0 }
  const about = { url, protocol, apiKey, secret: known }
  const agent = { ...about, input, metadata, runType: type, totalMs: timeout * 1_000 }
  for await (const finding of checkAgent(agent)) {
    counts[finding.verdict]++
    console.log(formatFinding(finding))
  }
  console.log(`${counts.good} good, ${counts.doubtful} could be better, ${counts.bad} wrong`)
  await closeAgentConnections()
  process.exitCode = counts.bad > 0 ? 1 : 0
}
