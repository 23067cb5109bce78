import type { Comment } from '@shared/contracts/adminObjects'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { audited } from '@shared/store/admin/audit'
import {
  type ChangeOutcome,
  deleteComment,
  editComment,
  readRevisions,
  resolveComment,
} from '@shared/store/admin/changeComments'
import { type CommentRefusal, createComment, findComment, readComments } from '@shared/store/admin/comments'
import type { AdminTools } from '../adminTools.ts'
import { type MemberCaller, auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { sayDiscussed } from '../topics.ts'
import { ownSession } from './sessions.ts'

type Names = 'listComments' | 'createComment' | 'editComment' | 'deleteComment' | 'resolveComment' | 'listRevisions'

export function commentRoutes(tools: AdminTools): AdminHandlers<Names> {
  const { db } = tools

  function told(caller: MemberCaller, outcome: ChangeOutcome | CommentRefusal): Comment {
    if (typeof outcome === 'string') throw refusal(outcome)
    sayDiscussed(tools, caller.organizationId, outcome.sessionId, outcome.change)
    return outcome
  }

  return {
    async listComments({ caller, params, query }) {
      const { limit = tunables.listMax, after = 0 } = query
      await ownSession(db, caller, params.sessionId)
      const rows = await readComments(db, params.sessionId, after, limit + 1)
      const data = rows.slice(0, limit)
      return { status: 200, body: { data, lastChange: data.at(-1)?.change ?? after, more: rows.length > limit } }
    },

    async createComment(call) {
      const { caller, params, body } = call
      const { itemId = null, threadId = null, mentions = [], body: text } = body
      const comment = { sessionId: params.sessionId, itemId, threadId, mentions, body: text }
      const outcome = await audited(db, auditorOf(caller, call), (client) => createComment(client, caller, comment))
      return { status: 201, body: told(caller, outcome) }
    },

    async editComment(call) {
      const { caller, params, body } = call
      const text = { body: body.body, mentions: body.mentions }
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        editComment(client, caller, params.commentId, text),
      )
      return { status: 200, body: told(caller, outcome) }
    },

    async deleteComment(call) {
      const { caller, params } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        deleteComment(client, caller, params.commentId),
      )
      told(caller, outcome)
      return { status: 204, body: null }
    },

    async resolveComment(call) {
      const { caller, params, body } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        resolveComment(client, caller, params.commentId, body.resolved),
      )
      return { status: 200, body: told(caller, outcome) }
    },

    async listRevisions({ caller, params }) {
      if (!(await findComment(db, caller.organizationId, params.commentId))) throw notFound('comment')
      return { status: 200, body: { data: await readRevisions(db, params.commentId) } }
    },
  }
}

function refusal(why: Exclude<ChangeOutcome, Comment> | CommentRefusal): AgentViewError {
  switch (why) {
    case 'absent':
      return notFound('comment')
    case 'no_session':
      return notFound('session')
    case 'forbidden':
      return new AgentViewError('forbidden', 'This comment is somebody else’s.')
    case 'no_item':
      return wrong('/itemId', 'is no settled item of this session; a reply stands where its thread does')
    case 'no_thread':
      return wrong('/threadId', 'is no comment that began a thread here')
    case 'no_member':
      return wrong('/mentions', 'names somebody who is no member')
  }
}

function wrong(path: string, message: string): AgentViewError {
  return new AgentViewError('invalid_request', `The body is not valid: ${path} ${message}.`, {
    details: [{ path, message }],
  })
}
