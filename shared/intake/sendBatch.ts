import type { BatchEntry } from '@shared/contracts/messages'
import { gather } from '@shared/domain/gather'
import { tunables } from '@shared/domain/tunables'
import { type AcceptOutcome, acceptBeginnings, acceptMessage, findAcceptance } from '@shared/store/acceptMessage'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
import type { AgentVersion } from '@shared/store/agents'
import { isRefusedStatement } from '@shared/store/connectionTrouble'
import { areEndUsers } from '@shared/store/endUsers'
import { type Accepted, conclude } from './accepted.ts'
import { agentByName } from './agentVersions.ts'
import { type Lookups, newBeginning } from './beginSession.ts'
import type { Talker } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf } from './requestKey.ts'
import { sendMessage } from './sendMessage.ts'
import { unlessAccepted } from './unlessAccepted.ts'

/** One message of a batch, and how it wants to be remembered. */
export interface BatchMessage {
  entry: BatchEntry
  key: RequestKey
}

type ToSession = { entry: Extract<BatchEntry, { sessionId: string }>; key: RequestKey; place: number }
type ToAgent = { entry: Exclude<BatchEntry, { sessionId: string }>; key: RequestKey; place: number }
type Result = PromiseSettledResult<Accepted>

/**
 *   messages that begin sessions ─▶ one statement for all (store/acceptBeginnings)
 *   messages to sessions         ─▶ those of one session one after another, sessions beside each other: what is plain is
 *                                   accepted together (store/acceptTogether)
 * Each message is accepted or refused by itself; the answers are in the order of the messages.
 */
export async function sendBatch(
  tools: IntakeTools,
  caller: Talker,
  messages: readonly BatchMessage[],
): Promise<Result[]> {
  const results = Array.from<Result>({ length: messages.length })
  const placed = messages.map((message, place) => ({ ...message, place }))
  const toSessions = placed.filter((message): message is ToSession => 'sessionId' in message.entry)
  const toAgents = placed.filter((message): message is ToAgent => !('sessionId' in message.entry))
  await Promise.all([sendToSessions(tools, caller, toSessions, results), begin(tools, caller, toAgents, results)])
  return results
}

async function sendToSessions(
  tools: IntakeTools,
  caller: Talker,
  messages: readonly ToSession[],
  results: Result[],
): Promise<void> {
  const bySession = new Map<string, ToSession[]>()
  for (const message of messages) {
    const { sessionId } = message.entry
    bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), message])
  }
  const lines = [...bySession.values()]
  async function work(): Promise<void> {
    for (let line = lines.shift(); line; line = lines.shift()) {
      for (const { entry, key, place } of line) {
        const { idempotencyKey: _key, sessionId, ...message } = entry
        ;[results[place]] = await Promise.allSettled([sendMessage(tools, caller, sessionId, message, key)])
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lines.length, tunables.batchTogether) }, work))
}

async function begin(
  tools: IntakeTools,
  caller: Talker,
  messages: readonly ToAgent[],
  results: Result[],
): Promise<void> {
  const look = lookTogether(tools, caller)
  const find = (known: IdempotencyKey) => findAcceptance(tools.db, caller.organizationId, known)
  const prepared = await Promise.allSettled(
    messages.map(({ entry: { idempotencyKey: _key, ...message }, key }) =>
      unlessAccepted(() => newBeginning(look, caller, message, key), keyOf(caller, key), find),
    ),
  )
  const sound = prepared.flatMap((one) => (one.status === 'fulfilled' && 'newSession' in one.value ? [one.value] : []))
  const outcomes = await acceptAll(tools, sound)
  for (const [index, { place }] of messages.entries()) {
    const one = prepared[index]!
    if (one.status === 'rejected') {
      results[place] = one
      continue
    }
    const outcome = 'newSession' in one.value ? outcomes.shift()! : settled(one.value)
    ;[results[place]] = await Promise.allSettled([concluded(tools, outcome)])
  }
}

async function concluded(tools: IntakeTools, outcome: PromiseSettledResult<AcceptOutcome>): Promise<Accepted> {
  if (outcome.status === 'rejected') throw outcome.reason
  return conclude(tools, outcome.value)
}

const settled = (value: AcceptOutcome): PromiseSettledResult<AcceptOutcome> => ({ status: 'fulfilled', value })

/** What Postgres refuses is one message's fault and was rolled back for all: each is tried alone then. */
async function acceptAll({ db }: IntakeTools, messages: Parameters<typeof acceptBeginnings>[1]) {
  try {
    return (await acceptBeginnings(db, messages)).map(settled)
  } catch (error) {
    if (!isRefusedStatement(error)) return messages.map(() => ({ status: 'rejected' as const, reason: error }))
    const outcomes: PromiseSettledResult<AcceptOutcome>[] = []
    for (const message of messages) outcomes.push(...(await Promise.allSettled([acceptMessage(db, message)])))
    return outcomes
  }
}

/** Agents are looked up once each, end users together. */
function lookTogether({ db }: IntakeTools, { organizationId }: Talker): Lookups {
  const agents = new Map<string, Promise<AgentVersion>>()
  return {
    agent(name) {
      const known = agents.get(name) ?? agentByName(db, organizationId, name)
      agents.set(name, known)
      return known
    },
    hasEndUser: gather(tunables.batchMessages, (ids: readonly string[]) =>
      areEndUsers(
        db,
        ids.map((endUserId) => ({ organizationId, endUserId })),
      ),
    ),
  }
}
