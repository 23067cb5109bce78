/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** What AgentView asks: one leg of one run, with all that is needed to answer it. */
export interface AgentRequest {
  /** `attempt` counts calls; `leg` counts the pauses behind this call. */
  run: { id: string; attempt: number; leg: number; type: string; metadata: JsonObject }
  session: {
    id: string
    handle: string
    agent: string
    metadata: JsonObject
    /** As a `state` frame of an earlier run has left it; null at first. */
    state: Json
    endUser: { id: string; externalId: string | null; metadata: JsonObject }
  }
  /** Items of earlier runs, oldest first. */
  items: JsonObject[]
  /** Indexes into `items` of those that were cut short. */
  incompleteItems: number[]
  /** There is more history than the agent's policy lets through. */
  historyTruncated?: true
  /** The item that began the run: the newest, when messages were merged. */
  input: JsonObject
  /** All of them. */
  inputs: JsonObject[]
  /** What this run has made before its pauses. */
  runItems: JsonObject[]
  /** The answers to the calls of the last pause, in the order of the calls. */
  toolResults: JsonObject[]
  /** What is remembered of the end user, the one that was changed last at the end. */
  memories: { id: string; topic?: string; content: string; createdAt: string; updatedAt: string }[]
}

const OBJECTS = ['run', 'session', 'input'] as const
const LISTS = ['items', 'incompleteItems', 'inputs', 'runItems', 'toolResults', 'memories'] as const

/** A body that is no request to an agent. */
export class InvalidRequest extends Error {}

/** Throws InvalidRequest with what the body lacks. Members that are not known here may be there as well. */
export function assertRequest(body: unknown): asserts body is AgentRequest {
  if (!isObject(body)) throw new InvalidRequest('The body is not a JSON object.')
  for (const name of OBJECTS) if (!isObject(body[name])) throw new InvalidRequest(`"${name}" is not an object.`)
  for (const name of LISTS) if (!Array.isArray(body[name])) throw new InvalidRequest(`"${name}" is not a list.`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
