import { AG_UI_EVENTS, type AgUiEvent, type AgUiEventType } from '@shared/contracts/agUi'
import { type Check, checkOf } from '@shared/contracts/validate'
import { isObject } from '@shared/domain/json'
import { invalidOutput } from '../../agentFailure.ts'
import { parseJson, refuseUnstorable } from '../../readFrames.ts'
import { retiredEvents } from './retiredEvents.ts'

const checks = new Map<string, Check<unknown>>(
  Object.entries(AG_UI_EVENTS).map(([type, schema]) => [type, checkOf(schema)]),
)

/**
 * Makes events of the `data` of server-sent ones; null for one that is ignored. Throws AgentFailure. One parser an answer.
 */
export function agUiParser(): (data: string) => AgUiEvent | null {
  const renewed = retiredEvents()
  return (data) => {
    const value = parseJson(data)
    const sentType = isObject(value) ? value['type'] : undefined
    if (!isObject(value) || typeof sentType !== 'string')
      throw invalidOutput('The agent sent something that is no AG-UI event: an object with a "type".')
    // What others may make of an event, and what they have made it of, is kept nowhere.
    const {
      rawEvent: _rawEvent,
      metadata: _metadata,
      timestamp: _timestamp,
      ...event
    } = renewed({ ...value, type: sentType })
    const { type } = event
    const check = checks.get(type)
    if (!check) return null
    refuseUnstorable(event)
    const checked = check(event)
    if (!checked.ok) {
      const details = checked.details.map(({ path, message }) => ({ path, message }))
      throw invalidOutput(`The agent sent an event ${type} that is not valid.`, details)
    }
    return { ...event, type: type as AgUiEventType } as AgUiEvent
  }
}
