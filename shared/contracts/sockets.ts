import { Type } from 'typebox'
import { IdempotencyKeyText, ResumeRun, SendMessage } from './messages.ts'
import { closed, id } from './objects.ts'

/** What a client emits on the Socket.IO namespace `/client`, by the event's name. */
export const SOCKET_MESSAGES = {
  subscribe: closed({
    sessionId: id('session'),
    after: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  }),
  unsubscribe: closed({ sessionId: id('session') }),
  message: closed({ sessionId: id('session'), idempotencyKey: IdempotencyKeyText, ...SendMessage.properties }),
  cancel: closed({ runId: id('run'), idempotencyKey: IdempotencyKeyText }),
  resume: closed({ runId: id('run'), idempotencyKey: IdempotencyKeyText, ...ResumeRun.properties }),
  auth: closed({
    token: Type.String({ minLength: 1, maxLength: 8_192 }),
    /** The publishable key that goes with a token of the customer's own. */
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  }),
} as const
export type SocketMessageName = keyof typeof SOCKET_MESSAGES
