import type { JsonObject } from '@shared/domain/json'

/** Any event, known or not. */
export interface SentEvent extends JsonObject {
  type: string
}

/**
 * Events that AG-UI 1.0 has retired, as those that took their place (its official client does the same): thoughts, which
 * had no ids. One for an answer.
 */
export function retiredEvents(): (event: SentEvent) => SentEvent {
  let spans = 0
  let messages = 0
  return (event) => {
    switch (event.type) {
      case 'THINKING_START':
        return { ...event, type: 'REASONING_START', messageId: `thinking-${++spans}` }
      case 'THINKING_END':
        return { ...event, type: 'REASONING_END', messageId: `thinking-${spans}` }
      case 'THINKING_TEXT_MESSAGE_START':
        return { ...event, type: 'REASONING_MESSAGE_START', messageId: `thought-${++messages}` }
      case 'THINKING_TEXT_MESSAGE_CONTENT':
        return { ...event, type: 'REASONING_MESSAGE_CONTENT', messageId: `thought-${messages}` }
      case 'THINKING_TEXT_MESSAGE_END':
        return { ...event, type: 'REASONING_MESSAGE_END', messageId: `thought-${messages}` }
      default:
        return event
    }
  }
}
