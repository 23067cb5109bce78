import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type {
  AdminScore,
  Comment,
  CommentRevision,
  InboxEntry,
  ScoreChange,
  SessionRow,
} from '@shared/contracts/adminObjects'
import type { Item } from '@shared/domain/objects'
import { type AdminClient, newMember } from '../../../test/server/adminClient.ts'
import type { ErrorBody, Page } from '../../../test/server/apiClient.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'

interface Comments {
  data: Comment[]
  lastChange: number
  more: boolean
}

/** Both brokers: what is said live goes over them. */
describe.each(['redis', 'postgres'] as const)('over %s', (broker) => {
  let server: AdminServer
  let tenant: Tenant
  let rita: AdminClient
  let anna: AdminClient
  let sessionId: string
  let output: Item

  beforeAll(async () => {
    server = await startAdminServer({ broker })
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    tenant = await server.newTenant()
    rita = await newMember(server, tenant.organizationId, 'reviewer', 'Rita')
    anna = await newMember(server, tenant.organizationId, 'reviewer', 'Anna')
    const session = await tenant.client.createSession({ agent: 'echo' })
    const { items } = await tenant.client.ask(session.id, 'Hello')
    sessionId = session.id
    output = items.at(-1)!
  })

  const comment = async (by: AdminClient, body: object): Promise<Comment> => {
    const answer = await by.post<Comment & ErrorBody>(`/sessions/${sessionId}/comments`, { body: 'So.', ...body })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  const comments = async (query = '') => (await rita.get<Comments>(`/sessions/${sessionId}/comments${query}`)).body
  const inbox = async (by: AdminClient, query = '') =>
    (await by.get<Page<InboxEntry>>(`/inbox${query}`)).body.data.map(({ comment: { body }, reason, unread }) => [
      body,
      reason,
      unread,
    ])
  const unread = async (by: AdminClient) => (await by.get<{ unread: number }>('/inbox/count')).body.unread
  const row = async (by: AdminClient) =>
    (await by.get<Page<SessionRow>>('/sessions')).body.data.find(({ id }) => id === sessionId)!

  describe('comments', () => {
    test('stand on a session or an item, and are answered in threads', async () => {
      const onSession = await comment(rita, { body: 'Odd.' })
      const onItem = await comment(rita, { body: 'Here.', itemId: output.id, mentions: [anna.memberId] })
      const reply = await comment(anna, { body: 'Yes.', threadId: onItem.id })
      expect(onSession).toMatchObject({
        sessionId,
        author: { id: rita.memberId, name: 'Rita' },
        mentions: [],
        no: 1,
        change: 1,
      })
      expect(reply).toMatchObject({ itemId: output.id, threadId: onItem.id, no: 3 })
      expect(await comments()).toEqual({ data: [onSession, onItem, reply], lastChange: 3, more: false })
      expect(await comments('?after=1&limit=1')).toEqual({ data: [onItem], lastChange: 2, more: true })
      expect((await row(rita)).openComments).toBe(2)
    })

    test('are refused with what is elsewhere, and leave nothing behind', async () => {
      const other = await tenant.client.createSession({ agent: 'echo' })
      const { items } = await tenant.client.ask(other.id, 'Hello')
      const thread = await comment(rita, {})
      const reply = await comment(rita, { threadId: thread.id })
      const stranger = await newMember(server, server.other.organizationId, 'reviewer')
      const wrong: object[] = [
        { body: '' },
        { body: '   ' },
        { body: 'x'.repeat(10_001) },
        { body: 'a\u0000' },
        { itemId: items[0]!.id },
        { threadId: reply.id },
        { threadId: thread.id, itemId: output.id },
        { mentions: [stranger.memberId] },
        { mentions: [anna.memberId, anna.memberId] },
        { authorId: anna.memberId },
      ]
      for (const body of wrong) {
        await expectRefused(server, 400, 'invalid_request', () =>
          rita.post(`/sessions/${sessionId}/comments`, { body: 'So.', ...body }),
        )
      }
      expect((await row(rita)).openComments).toBe(1)
      expect((await comments()).lastChange).toBe(2)
    })

    test('are changed by their authors only, and what they were is kept', async () => {
      const first = await comment(rita, { body: 'One' })
      await expectRefused(server, 403, 'forbidden', () => anna.patch(`/comments/${first.id}`, { body: 'Mine now' }))
      await rita.patch(`/comments/${first.id}`, { body: 'Two' })
      const { body } = await rita.patch<Comment>(`/comments/${first.id}`, { body: 'Three', mentions: [anna.memberId] })
      expect(body).toMatchObject({
        body: 'Three',
        mentions: [anna.memberId],
        no: 1,
        change: 3,
        editedAt: expect.any(String),
      })
      const revisions = await anna.get<{ data: CommentRevision[] }>(`/comments/${first.id}/revisions`)
      expect(revisions.body.data.map(({ body: text }) => text)).toEqual(['Two', 'One'])
      expect(await comments('?after=1')).toMatchObject({ data: [{ body: 'Three' }], lastChange: 3 })
    })

    test('leave their place when they are deleted, and nothing of what they said', async () => {
      const admin = await newMember(server, tenant.organizationId, 'admin', 'Adam')
      const thread = await comment(rita, { body: 'secret one' })
      const reply = await comment(anna, { body: 'secret two', threadId: thread.id, mentions: [rita.memberId] })
      await rita.patch(`/comments/${thread.id}`, { body: 'secret three' })
      await expectRefused(server, 403, 'forbidden', () => anna.delete(`/comments/${thread.id}`))
      expect((await row(rita)).openComments).toBe(1)
      expect((await rita.delete(`/comments/${thread.id}`)).status).toBe(204)
      expect((await admin.delete(`/comments/${reply.id}`)).status).toBe(204)
      await expectRefused(server, 404, 'not_found', () => rita.delete(`/comments/${thread.id}`))
      await expectRefused(server, 404, 'not_found', () => rita.patch(`/comments/${thread.id}`, { body: 'again' }))
      const { data } = await comments()
      expect(data.map(({ id, body, mentions, deletedAt }) => [id, body, mentions, typeof deletedAt])).toEqual([
        [thread.id, '', [], 'string'],
        [reply.id, '', [], 'string'],
      ])
      const [kept] = await server.rows<{ text: string }>(
        `select coalesce((select string_agg(to_jsonb(c)::text, '') from comments c), '')
           || coalesce((select string_agg(to_jsonb(r)::text, '') from comment_revisions r), '')
           || (select string_agg(to_jsonb(a)::text, '') from audit_log a) as text`,
      )
      expect(kept!.text).not.toContain('secret')
      expect((await row(rita)).openComments).toBe(0)
      expect(await inbox(rita)).toEqual([])
    })

    test('are resolved and opened again as whole threads', async () => {
      const thread = await comment(rita, {})
      const reply = await comment(anna, { threadId: thread.id })
      const resolve = (id: string, resolved: boolean) => anna.post<Comment>(`/comments/${id}/resolve`, { resolved })
      await expectRefused(server, 400, 'invalid_request', () => resolve(reply.id, true))
      expect((await resolve(thread.id, true)).body).toMatchObject({ resolvedBy: anna.memberId, change: 3 })
      expect((await resolve(thread.id, true)).body).toMatchObject({ change: 3 })
      expect((await row(rita)).openComments).toBe(0)
      expect((await resolve(thread.id, false)).body.resolvedAt).toBeUndefined()
      expect((await row(rita)).openComments).toBe(1)
      await rita.delete(`/comments/${thread.id}`)
      expect((await row(rita)).openComments).toBe(0)
    })

    test('that come at once get one number each, without gaps', async () => {
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, index) => comment(index % 2 ? rita : anna, { body: `${index}` })),
      )
      expect(made.map(({ no }) => no).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
      expect((await row(rita)).openComments).toBe(20)
    })

    test('vanish with their session', async () => {
      const thread = await comment(rita, {})
      await rita.patch(`/comments/${thread.id}`, { body: 'edited' })
      await rita.patch(`/sessions/${sessionId}/mark`, { starred: true })
      await rita.post(`/items/${output.id}/scores`, { name: 'feedback', value: 'up' })
      await tenant.client.request('DELETE', `/v1/sessions/${sessionId}`)
      await expectRefused(server, 404, 'not_found', () => rita.get(`/sessions/${sessionId}/comments`))
      expect(await inbox(rita)).toEqual([])
      await eventually(async () => {
        const [left] = await server.rows<{ count: number }>(
          `select (select count(*) from comments where author_id in (select m.id from members m join users u on u.id = m.user_id where u.email = $1))
             + (select count(*) from session_marks m2 join members m on m.id = m2.member_id join users u on u.id = m.user_id where u.email = $1) as count`,
          rita.email,
        )
        return left!.count === 0
      })
    })
  })

  describe('the inbox', () => {
    test('holds what concerns one, and why; what one has seen is no longer unread', async () => {
      expect(await inbox(anna)).toEqual([])
      const mention = await comment(rita, { body: 'Anna?', mentions: [anna.memberId] })
      await comment(rita, { body: 'By the way.' })
      expect(await inbox(anna)).toEqual([['Anna?', 'mention', true]])
      const own = await comment(anna, { body: 'My thread.' })
      await comment(rita, { body: 'Reply.', threadId: own.id })
      expect(await inbox(anna)).toEqual([
        ['Reply.', 'reply', true],
        ['By the way.', 'following', true],
        ['Anna?', 'mention', true],
      ])
      expect(await unread(anna)).toBe(3)
      expect(await inbox(rita)).toEqual([['My thread.', 'following', true]])
      await anna.patch(`/sessions/${sessionId}/mark`, { seenChange: mention.no })
      expect(await inbox(anna, '?unread=true')).toEqual([
        ['Reply.', 'reply', true],
        ['By the way.', 'following', true],
      ])
      await anna.post('/sessions/seen')
      expect(await unread(anna)).toBe(0)
      expect((await inbox(anna)).every(([, , isUnread]) => isUnread === false)).toBe(true)
      const first = await anna.get<Page<InboxEntry>>('/inbox?limit=2')
      const rest = await anna.get<Page<InboxEntry>>(`/inbox?limit=2&cursor=${first.body.nextCursor}`)
      expect(rest.body.data.map(({ comment: { body } }) => body)).toEqual(['Anna?'])
    })

    test('of who says that he doesn’t follow has mentions only; who stars, follows', async () => {
      const vera = await newMember(server, tenant.organizationId, 'viewer', 'Vera')
      await vera.patch(`/sessions/${sessionId}/mark`, { starred: true })
      await comment(rita, { body: 'One' })
      expect(await inbox(vera)).toEqual([['One', 'following', true]])
      await vera.patch(`/sessions/${sessionId}/mark`, { following: false })
      expect(await inbox(vera)).toEqual([])
      await comment(rita, { body: 'Two', mentions: [vera.memberId] })
      expect(await inbox(vera)).toEqual([['Two', 'mention', true]])
    })

    test('has no row for each reader', async () => {
      const before = await server.rows('select from session_marks')
      await comment(rita, { mentions: [anna.memberId] })
      expect(await unread(anna)).toBe(1)
      expect(await server.rows('select from session_marks')).toHaveLength(before.length)
    })
  })

  describe('live', () => {
    test('everybody who looks at a session sees its discussion change, in order, after his place', async () => {
      const seen = await comment(rita, { body: 'Before.' })
      const stream = await anna.stream(`/sessions/${sessionId}/events?after=0&discussion=${seen.change}`)
      const told = () =>
        stream.frames.flatMap(({ event, data, id }) => {
          if (event === 'comment') return [[event, (data as Comment).body, (data as Comment).change, id]]
          return event === 'score' ? [[event, (data as ScoreChange).value, (data as ScoreChange).change, id]] : []
        })
      const one = await comment(rita, { body: 'One' })
      await stream.until(() => told().length === 1)
      await rita.patch(`/comments/${one.id}`, { body: 'Two' })
      await stream.until(() => told().length === 2)
      await rita.post(`/items/${output.id}/scores`, { name: 'feedback', value: 'down' })
      await stream.until(() => told().length === 3)
      await rita.delete(`/items/${output.id}/scores/feedback`)
      await stream.until(() => told().length === 4)
      expect(told().map(([event, what, change]) => [event, what, change])).toEqual([
        ['comment', 'One', 2],
        ['comment', 'Two', 3],
        ['score', 'down', 4],
        ['score', null, 5],
      ])
      stream.close()
      const again = await anna.stream(`/sessions/${sessionId}/events?after=0&discussion=3`)
      await again.until((frames) => frames.filter(({ event }) => event === 'score').length === 2)
      expect(again.frames.filter(({ event }) => event === 'comment')).toEqual([])
      again.close()
    })

    test('the inbox tells how much is unread', async () => {
      const stream = await anna.stream('/inbox/events')
      await stream.until((frames) => frames.length > 0)
      expect(stream.frames[0]).toEqual({ event: 'inbox', id: undefined, data: { unread: 0, capped: false } })
      await comment(rita, { mentions: [anna.memberId] })
      await stream.until((frames) => frames.some(({ data }) => (data as { unread: number }).unread === 1))
      stream.close()
    })
  })

  describe('scores', () => {
    const scores = [
      { name: 'tone', kind: 'rating', schema: { type: 'integer', minimum: 1, maximum: 5 } },
      { name: 'topic', kind: 'select', schema: { enum: ['price', 'size'] } },
    ]
    let item: Item
    let input: Item

    beforeEach(async () => {
      await tenant.publish(
        {
          name: 'scored',
          runs: [{ type: 'chat', output: { schema: { type: 'object' }, scores } }],
        },
        'echo',
      )
      const session = await tenant.client.createSession({ agent: 'scored' })
      const { items } = await tenant.client.ask(session.id, 'Hello')
      sessionId = session.id
      input = items[0]!
      item = items.at(-1)!
    })
    const score = (by: AdminClient, body: object, of = item) => by.post<AdminScore>(`/items/${of.id}/scores`, body)
    const all = async () => (await rita.get<Page<AdminScore>>(`/sessions/${sessionId}/scores`)).body.data

    test('are each member’s own, replaced by the next, taken away, and their history is kept', async () => {
      const first = await score(rita, { name: 'tone', value: 2, comment: 'Rude.' })
      expect([first.status, first.body.by]).toEqual([201, { kind: 'member', id: rita.memberId, name: 'Rita' }])
      expect((await score(rita, { name: 'tone', value: 4 })).status).toBe(200)
      expect((await score(anna, { name: 'tone', value: 1 })).status).toBe(201)
      expect((await all()).map(({ by, value, comment: words }) => [by.name, value, words])).toEqual([
        ['Rita', 4, undefined],
        ['Anna', 1, undefined],
      ])
      expect((await rita.delete(`/items/${item.id}/scores/tone`)).status).toBe(204)
      await expectRefused(server, 404, 'not_found', () => rita.delete(`/items/${item.id}/scores/tone`))
      const history = await anna.get<{ data: ScoreChange[] }>(`/items/${item.id}/scores/history`)
      expect(history.body.data.map(({ by, value, comment: words }) => [by.name, value, words])).toEqual([
        ['Rita', 2, 'Rude.'],
        ['Rita', 4, undefined],
        ['Anna', 1, undefined],
        ['Rita', null, undefined],
      ])
      const found = await rita.get<Page<SessionRow>>('/sessions?score=tone&scoreIs=lt&scoreValue=2')
      expect(found.body.data.map(({ id }) => id)).toEqual([sessionId])
    })

    test('must fit what the agent version says of them', async () => {
      const wrong: [object, Item][] = [
        [{ name: 'tone', value: 6 }, item],
        [{ name: 'tone', value: '4' }, item],
        [{ name: 'topic', value: 'colour' }, item],
        [{ name: 'mood', value: 1 }, item],
        [{ name: 'tone', value: 4 }, input],
        [{ name: 'feedback', value: 'so-so' }, item],
        [{ name: 'tone', value: 4 }, output],
      ]
      for (const [body, of] of wrong) await expectRefused(server, 422, 'schema_violation', () => score(rita, body, of))
      for (const body of [
        { name: 'tone' },
        { name: '', value: 1 },
        { name: 'tone', value: 4, authorId: anna.memberId },
      ])
        await expectRefused(server, 400, 'invalid_request', () => score(rita, body))
      await expectRefused(server, 413, 'payload_too_large', () =>
        score(rita, { name: 'tone', value: 'x'.repeat(20_000) }),
      )
    })

    test('of members are not told to end users', async () => {
      const { lastSeq } = await tenant.client.readSession(sessionId)
      await score(rita, { name: 'tone', value: 1 })
      expect((await tenant.client.readSession(sessionId)).lastSeq).toBe(lastSeq)
    })
  })
})
