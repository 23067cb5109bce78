import type { TSchema } from 'typebox'

/** Who may call a route; `run` is an agent app with the token of its run, `public` needs no credential. */
export type CallerKind = 'secret' | 'publishable' | 'endUser' | 'run' | 'public'

export interface Route {
  method: 'get' | 'post' | 'patch' | 'delete'
  /** As in OpenAPI: `/v1/sessions/{sessionId}`. */
  path: string
  summary: string
  callers: readonly CallerKind[]
  params?: TSchema
  query?: TSchema
  body?: TSchema
  /** Honours the header Idempotency-Key. */
  idempotent?: boolean
  /** The list in the body whose elements each count against the caller's limit; without it a request counts once. */
  counted?: string
  /** By status, null without a body; `stream` is the same call answered as text/event-stream. */
  responses: Record<number, TSchema | null>
  stream?: TSchema
}
