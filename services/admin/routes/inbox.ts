import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { countUnread, readInbox } from '@shared/store/admin/inbox'
import type { AdminTools } from '../adminTools.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

const isCommentKey = idKeyOf('comment')

export function inboxRoutes({ db }: AdminTools): AdminHandlers<'listInbox' | 'countInbox'> {
  return {
    async listInbox({ caller, query }) {
      const { limit = tunables.listDefault, cursor, unread = false } = query
      const after = readCursor(cursor, isCommentKey)?.[0] ?? null
      const rows = await readInbox(db, caller, { after, unread, limit: limit + 1 })
      return { status: 200, body: toPage(rows, limit, ({ comment }) => [comment.id]) }
    },

    async countInbox({ caller }) {
      const most = tunables.admin.count
      const unread = await countUnread(db, caller, most)
      return { status: 200, body: { unread, capped: unread === most } }
    },
  }
}
