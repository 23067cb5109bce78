import type { Request, Response } from 'express'
import type { Talker } from '@shared/intake/caller'

/**
 * What a handler gets, and answers with: JSON, or undefined when it has written the answer itself. One whose answer may last
 * calls `stay` before anything else: it takes one of the caller's places.
 */
export type AgnoHandler = (caller: Talker, request: Request, response: Response, stay: () => void) => Promise<unknown>

/** By method and path, in Express' form: `get /sessions/:sessionId`. */
export type AgnoRoutes = Readonly<Record<string, AgnoHandler>>
