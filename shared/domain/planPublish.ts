import type { AgentDefinition } from './agents.ts'
import { jsonChanges } from './jsonChanges.ts'
import { nextDevVersion } from './versions.ts'

/**
 * Who publishes decides what becomes of a definition whose version string is taken, and of one that stood before:
 *   push     a changed one is refused; one that stood before is made active again: the config says what is active
 *   develop  a changed one becomes the next `-dev.N`; one that stood before is made active again
 *   start    a changed one is refused; one that stood before is left as it is: a restart must not undo a rollback
 */
export type PublishMode = 'push' | 'develop' | 'start'

/** A version that is there. */
export interface PublishedVersion {
  version: string
  definition: AgentDefinition
  active: boolean
}

/** What publishing does with a definition; `version_exists`: it is refused. */
export interface PublishPlan {
  outcome: 'published' | 'activated' | 'unchanged' | 'version_exists'
  version: string
}

/** What becomes of a definition beside the agent's versions that are there. A version is immutable. */
export function planPublish(
  definition: AgentDefinition,
  known: readonly PublishedVersion[],
  mode: PublishMode,
): PublishPlan {
  const { version } = definition
  const same = known.filter((one) => jsonChanges(one.definition, definition).length === 0)
  // While developing any `-dev.N` of the same definition is as good; else only the version that the config names.
  const standing =
    mode === 'develop' ? (same.find(({ active }) => active) ?? same[0]) : same.find((one) => one.version === version)
  if (standing) {
    const stays = standing.active || mode === 'start'
    return { outcome: stays ? 'unchanged' : 'activated', version: standing.version }
  }
  const taken = known.map((one) => one.version)
  if (!taken.includes(version)) return { outcome: 'published', version }
  if (mode === 'develop') return { outcome: 'published', version: nextDevVersion(version, taken) }
  return { outcome: 'version_exists', version }
}
