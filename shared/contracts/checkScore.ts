import type { AgentDefinition } from '@shared/domain/agents'
import type { ErrorDetail } from '@shared/domain/errors'
import type { Json } from '@shared/domain/json'
import type { ItemKind } from '@shared/domain/objects'
import { compileTenantSchema } from './tenantSchemas.ts'

/** What everybody may say of any item: thumbs. */
const FEEDBACK = 'feedback'

/** Why a member may not score an item so; null: he may. What a score is, is said by the agent version that made the item. */
export function findScoreFault(
  { runs, version }: AgentDefinition,
  item: { runType: string; kind: ItemKind },
  { name, value }: { name: string; value: Json },
): ErrorDetail[] | null {
  if (name === FEEDBACK) {
    return value === 'up' || value === 'down' ? null : [{ path: '/value', message: 'must be "up" or "down"' }]
  }
  const run = runs.find(({ type }) => type === item.runType)
  const score = item.kind === 'output' ? run?.output?.scores?.find((one) => one.name === name) : undefined
  if (!score) return [{ path: '/name', message: `is no score of this item in version ${version} of its agent` }]
  const details = compileTenantSchema(score.schema)(value)
  return details && details.map(({ path, message }) => ({ path: `/value${path}`, message }))
}
