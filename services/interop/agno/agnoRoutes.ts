import type { TalkerHandler } from '../serveTalker.ts'

/** By method and path, in Express' form: `get /sessions/:sessionId`. */
export type AgnoRoutes = Readonly<Record<string, TalkerHandler>>
