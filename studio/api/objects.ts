/** What the Admin API answers. Types only: nothing of the schemas comes into the page. */
import type { Static } from 'typebox'
import type * as admin from '@shared/contracts/adminObjects'

export type {
  AdminScore,
  ApiKeyInfo,
  AttemptDetail,
  AuditEntry,
  Comment,
  InboxEntry,
  Invitation,
  Mark,
  Me,
  Member,
  ScoreChange,
  SessionDetail,
  SessionRow,
} from '@shared/contracts/adminObjects'
export type { Role } from '@shared/domain/roles'

export type AdminAgent = Static<typeof admin.AdminAgent>
export type VersionRow = Static<typeof admin.VersionRow>
export type VersionDetail = Static<typeof admin.VersionDetail>
export type VersionDiff = Static<typeof admin.VersionDiff>
export type OrganizationSettings = Static<typeof admin.OrganizationSettings>
export type InvitationWithLink = Static<typeof admin.InvitationWithLink>
export type InvitationSeen = Static<typeof admin.InvitationSeen>
export type CommentRevision = Static<typeof admin.CommentRevision>

/** A keyset page. */
export interface Page<Row> {
  data: Row[]
  nextCursor: string | null
}
