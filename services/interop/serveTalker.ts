import type { Request, RequestHandler, Response } from 'express'
import { AgentViewError } from '@shared/domain/errors'
import { spendOrRefuse, stayUntilClosed } from '@shared/http/limitedAnswers'
import type { Talker } from '@shared/intake/caller'
import type { Door } from '@shared/intake/door'

/**
 * What a handler gets, and answers with: JSON, or undefined when it has written the answer itself. One whose answer may last
 * calls `stay` before anything else: it takes one of the caller's places.
 */
export type TalkerHandler = (caller: Talker, request: Request, response: Response, stay: () => void) => Promise<unknown>

/** A route for whoever may talk to agents, by the credentials, the origins and the limits of the Client API. */
export function serveTalker(door: Door, handle: TalkerHandler): RequestHandler {
  return async (request, response) => {
    const { authorization = '', origin, host } = request.headers
    const key = request.headers['agentview-key']
    const token = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(authorization)?.[1] ?? null
    const caller = await door.authenticate(request, token, typeof key === 'string' ? key : null)
    if (caller.kind !== 'endUser' && caller.kind !== 'secret') {
      throw new AgentViewError(
        'forbidden',
        'This credential may not do that: an end user’s token or a secret key is needed.',
      )
    }
    await door.checkOrigin(caller, origin, host)
    spendOrRefuse(door, caller, request, response)
    const stay = () => stayUntilClosed(door, caller, request, response)
    const body = await handle(caller, request, response, stay)
    if (body !== undefined) response.json(body)
  }
}
