import { type Static, Type } from 'typebox'
import { ROLES } from '@shared/domain/roles'
import { tunables } from '@shared/domain/tunables'
import {
  AnyJson,
  AnyObject,
  Attempt,
  EndUser,
  Item,
  Run,
  RunError,
  RunStatus,
  Session,
  Time,
  closed,
  id,
} from './objects.ts'

/** What the Admin API speaks of; Studio takes its types from here. Nothing in here needs a server. */

export const RoleName = Type.Enum([...ROLES])
export const Email = Type.String({ format: 'email', maxLength: 254 })
export const PersonName = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' })
export const NewPassword = Type.String({ minLength: tunables.login.passwordChars, maxLength: 200 })
/** As somebody types it at a login: what is too short is wrong like any other. */
export const Password = Type.String({ minLength: 1, maxLength: 200 })

export const OrganizationName = closed({ id: id('organization'), name: Type.String() })

/** The logged-in person, in one organization. */
export const Me = closed({
  user: closed({ id: id('user'), name: Type.String(), email: Type.String() }),
  /** Null while the person is a member of no organization. */
  member: Type.Union([closed({ id: id('member'), role: RoleName }), Type.Null()]),
  organization: Type.Union([OrganizationName, Type.Null()]),
  /** All that the person is a member of; choose with the header `AgentView-Organization`. */
  organizations: Type.Array(closed({ ...OrganizationName.properties, role: RoleName })),
  /** Goes into the header `AgentView-CSRF` of every request that is not a GET. */
  csrfToken: Type.String(),
})
export type Me = Static<typeof Me>

/** `email` is shown to owners and admins only. `removed`: no longer a member, but the author of something. */
export const Member = closed({
  id: id('member'),
  name: Type.String(),
  email: Type.Optional(Type.String()),
  role: RoleName,
  removed: Type.Optional(Type.Literal(true)),
  createdAt: Time,
})
export type Member = Static<typeof Member>

export const Invitation = closed({
  id: id('invitation'),
  email: Type.String(),
  role: RoleName,
  invitedBy: id('member'),
  status: Type.Enum(['open', 'accepted', 'revoked', 'expired']),
  createdAt: Time,
  expiresAt: Time,
})
export type Invitation = Static<typeof Invitation>

/** `link` is shown here only; `mailed`: whether it was also sent. */
export const InvitationWithLink = closed({ ...Invitation.properties, link: Type.String(), mailed: Type.Boolean() })

/** What somebody who holds the link sees of it. `known`: the person has a password already, and joins with it. */
export const InvitationSeen = closed({
  organization: Type.String(),
  email: Type.String(),
  role: RoleName,
  known: Type.Boolean(),
  expiresAt: Time,
})

export const ApiKeyInfo = closed({
  id: id('apiKey'),
  kind: Type.Enum(['secret', 'publishable']),
  name: Type.String(),
  /** Its first characters. */
  hint: Type.String(),
  createdAt: Time,
  /** To the minute. */
  lastUsedAt: Type.Optional(Time),
  revokedAt: Type.Optional(Time),
})
export type ApiKeyInfo = Static<typeof ApiKeyInfo>

export const AuditEntry = closed({
  id: id('auditEntry'),
  at: Time,
  /** Absent: the server itself, or its operator. */
  by: Type.Optional(closed({ id: id('member'), name: Type.String() })),
  /** `member.change`, `apiKey.revoke`, … */
  action: Type.String(),
  target: Type.String(),
  details: AnyObject,
  requestId: Type.String(),
  address: Type.Optional(Type.String()),
})
export type AuditEntry = Static<typeof AuditEntry>

export const OrganizationSettings = closed({
  ...OrganizationName.properties,
  /** Web pages that may call the Client API. */
  allowedOrigins: Type.Array(Type.String()),
  createdAt: Time,
})

const { items: _items, lastRun: _lastRun, ...SESSION } = Session.properties

/** How far a member has come with a session. */
export const Mark = closed({
  seenSeq: Type.Integer({ minimum: 0 }),
  /** Of the session's discussion: comments and scores of members. */
  seenChange: Type.Integer({ minimum: 0 }),
  starred: Type.Boolean(),
  /** Comments on a session that one follows come to the inbox. Who stars or comments follows, unless he says otherwise. */
  following: Type.Boolean(),
})
export type Mark = Static<typeof Mark>

const EndUserName = closed({ id: id('endUser'), externalId: Type.Optional(Type.String()), anonymous: Type.Boolean() })
const ScoreShort = closed({
  itemId: id('item'),
  name: Type.String(),
  value: AnyJson,
  by: Type.Enum(['endUser', 'apiKey', 'member', 'judge']),
})

/** A row of the list of sessions. */
export const SessionRow = closed({
  ...SESSION,
  endUser: EndUserName,
  lastRun: Type.Optional(closed({ id: id('run'), status: RunStatus, error: Type.Optional(RunError), createdAt: Time })),
  runCount: Type.Integer({ minimum: 0 }),
  /** A line of the first input. */
  preview: Type.Optional(Type.String()),
  /** The newest ones, at most 10. */
  scores: Type.Array(ScoreShort),
  /** Threads that nobody has resolved. */
  openComments: Type.Integer({ minimum: 0 }),
  lastChange: Type.Integer({ minimum: 0 }),
  mark: Mark,
  unread: Type.Boolean(),
})
export type SessionRow = Static<typeof SessionRow>

/** One session as of one instant: its newest items and their runs. Earlier items by `listItems`. */
export const SessionDetail = closed({
  session: closed(SESSION),
  endUser: EndUser,
  items: Type.Array(Item),
  runs: Type.Array(Run),
  openComments: Type.Integer({ minimum: 0 }),
  lastChange: Type.Integer({ minimum: 0 }),
  mark: Mark,
})
export type SessionDetail = Static<typeof SessionDetail>

/** What an attempt has sent to the agent app, and what it was answered. */
export const AttemptDetail = closed({
  attempt: Attempt,
  request: closed({
    url: Type.String(),
    /** Rebuilt from what is stored. */
    body: Type.Optional(Type.String()),
    /** `exact`: its hash is that of what was sent. Otherwise something it was made of has changed since, e.g. the state. */
    fidelity: Type.Enum(['exact', 'changed', 'unknown']),
    bytes: Type.Optional(Type.Integer()),
    sha256: Type.Optional(Type.String()),
  }),
  response: Type.Optional(
    closed({
      status: Type.Integer(),
      bytes: Type.Integer(),
      truncated: Type.Boolean(),
      /** As text; bytes that are no UTF-8 are shown as U+FFFD. Absent once it was forgotten. */
      body: Type.Optional(Type.String()),
    }),
  ),
})
export type AttemptDetail = Static<typeof AttemptDetail>

export const AdminAgent = closed({
  name: Type.String(),
  title: Type.Optional(Type.String()),
  activeVersion: Type.Union([Type.String(), Type.Null()]),
  versions: Type.Integer({ minimum: 0 }),
  createdAt: Time,
})

export const VersionRow = closed({
  id: id('agentVersion'),
  version: Type.String(),
  active: Type.Boolean(),
  createdAt: Time,
})
/** Its definition; secrets in it are left out. */
export const VersionDetail = closed({ ...VersionRow.properties, agent: Type.String(), definition: AnyObject })

export const VersionDiff = closed({
  from: Type.String(),
  to: Type.String(),
  changes: Type.Array(
    closed({
      path: Type.String(),
      kind: Type.Enum(['added', 'removed', 'changed']),
      from: Type.Optional(AnyJson),
      to: Type.Optional(AnyJson),
    }),
  ),
})

const Change = Type.Integer({ minimum: 1 })

/** A remark on a session, or on one of its items. A deleted one keeps its place and loses its text. */
export const Comment = closed({
  id: id('comment'),
  sessionId: id('session'),
  itemId: Type.Optional(id('item')),
  /** The comment that began the thread; absent: this one did. */
  threadId: Type.Optional(id('comment')),
  author: closed({ id: id('member'), name: Type.String() }),
  body: Type.String(),
  mentions: Type.Array(id('member')),
  createdAt: Time,
  editedAt: Type.Optional(Time),
  deletedAt: Type.Optional(Time),
  /** Of the comment that began the thread. */
  resolvedAt: Type.Optional(Time),
  resolvedBy: Type.Optional(id('member')),
  /** Place in the session's discussion: of its making, and of its last change. A reader goes on after the latter. */
  no: Change,
  change: Change,
})
export type Comment = Static<typeof Comment>

export const CommentRevision = closed({ body: Type.String(), mentions: Type.Array(id('member')), at: Time })
export type CommentRevision = Static<typeof CommentRevision>

/** A score as members see it. */
export const AdminScore = closed({
  id: id('score'),
  sessionId: id('session'),
  itemId: id('item'),
  name: Type.String(),
  value: AnyJson,
  comment: Type.Optional(Type.String()),
  by: closed({
    kind: Type.Enum(['endUser', 'apiKey', 'member', 'judge']),
    id: Type.String(),
    name: Type.Optional(Type.String()),
  }),
  createdAt: Time,
  updatedAt: Time,
})
export type AdminScore = Static<typeof AdminScore>

/** One setting of a member's score; `value` null: it was taken away. */
export const ScoreChange = closed({
  itemId: id('item'),
  name: Type.String(),
  value: AnyJson,
  comment: Type.Optional(Type.String()),
  by: closed({ id: id('member'), name: Type.String() }),
  at: Time,
  change: Change,
})
export type ScoreChange = Static<typeof ScoreChange>

/** A comment that concerns the reader, and why. */
export const InboxEntry = closed({
  comment: Comment,
  reason: Type.Enum(['mention', 'reply', 'following']),
  unread: Type.Boolean(),
  session: closed({
    id: id('session'),
    handle: Type.String(),
    agent: Type.String(),
    title: Type.Optional(Type.String()),
  }),
})
export type InboxEntry = Static<typeof InboxEntry>
