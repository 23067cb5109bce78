import { Type } from 'typebox'
import { UpdateEndUser, UpsertEndUser } from './messages.ts'
import { EndUser, Time, closed, id } from './objects.ts'
import type { Route } from './route.ts'

/** A token of an end user's, and the refresh token that brings the next one. */
export const TokenGrant = closed({
  token: Type.String(),
  expiresAt: Time,
  refreshToken: Type.String(),
  endUser: EndUser,
})

const ofEndUser = closed({ endUserId: id('endUser') })

/** The people whom the customer's server makes known, by his own ids for them. */
export const endUserRoutes = {
  upsertEndUser: {
    method: 'post',
    path: '/v1/end-users',
    summary: 'Make an end user known by `externalId` (201), or merge metadata into the one who is (200)',
    callers: ['secret'],
    body: UpsertEndUser,
    idempotent: true,
    responses: { 200: EndUser, 201: EndUser },
  },
  readEndUser: {
    method: 'get',
    path: '/v1/end-users/{endUserId}',
    summary: 'An end user',
    callers: ['secret'],
    params: ofEndUser,
    responses: { 200: EndUser },
  },
  updateEndUser: {
    method: 'patch',
    path: '/v1/end-users/{endUserId}',
    summary: 'Merge metadata into an end user’s; a null takes its key away',
    callers: ['secret'],
    params: ofEndUser,
    body: UpdateEndUser,
    responses: { 200: EndUser },
  },
  createEndUserToken: {
    method: 'post',
    path: '/v1/end-users/{endUserId}/tokens',
    summary: 'A token of the end user’s for his page, and a refresh token for the next ones',
    callers: ['secret'],
    params: ofEndUser,
    responses: { 201: TokenGrant },
  },
  eraseEndUser: {
    method: 'delete',
    path: '/v1/end-users/{endUserId}',
    summary: 'Erase an end user with all his sessions, and cut his connections',
    callers: ['secret'],
    params: ofEndUser,
    responses: { 204: null },
  },
} as const satisfies Record<string, Route>
